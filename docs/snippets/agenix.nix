{ config, ... }:
{
  age.secrets.mullvad.file = ./mullvad.conf.age;

  nsguard.tunnels.mullvad.configFile = config.age.secrets.mullvad.path;
  nsguard.namespaces.vpn.tunnel = "mullvad";
}
