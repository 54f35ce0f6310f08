{
  nsguard.tunnels.provider.configFile = "/run/secrets/wg.conf";
  nsguard.namespaces.vpn.tunnel = "provider";

  services.prowlarr.enable = true;
  services.transmission.enable = true;

  systemd.services.prowlarr.nsguard.namespace = "vpn";
  systemd.services.transmission.nsguard = {
    namespace = "vpn";
    allowPrivilegedCommands = true; # its module prepares the settings as root
  };
}
