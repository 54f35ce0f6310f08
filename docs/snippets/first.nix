{
  services.prowlarr.enable = true;

  nsguard.tunnels.mullvad.configFile = "/run/secrets/mullvad.conf"; # as your provider delivers it
  nsguard.namespaces.vpn.tunnel = "mullvad";
  systemd.services.prowlarr.nsguard.namespace = "vpn";
}
