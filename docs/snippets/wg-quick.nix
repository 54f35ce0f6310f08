{
  nsguard.tunnels.provider.configFile = "/run/secrets/wg0.conf";
  nsguard.namespaces.vpn.tunnel = "provider";

  services.transmission.enable = true;
  systemd.services.transmission.nsguard = {
    namespace = "vpn";
    allowPrivilegedCommands = true; # its module prepares the settings as root
  };
}
