{ config, ... }:
{
  sops.secrets."mullvad.conf" = {
    sopsFile = ./mullvad.conf.sops;
    format = "binary"; # the whole file is the secret
    reloadUnits = [ "nsguard-tunnel-vpn.service" ];
  };

  nsguard.tunnels.mullvad.configFile = config.sops.secrets."mullvad.conf".path;
  nsguard.namespaces.vpn.tunnel = "mullvad";
}
