{
  nsguard.tunnels.proton.configFile = "/run/secrets/proton.conf";
  nsguard.namespaces.vpn = {
    tunnel = "proton";
    portForwarding = {
      enable = true;
      client = "transmission";
    };
  };

  services.transmission = {
    enable = true;
    settings.download-dir = "/srv/torrents";
    downloadDirPermissions = "770"; # its module makes the directory only with this
  };
  systemd.services.transmission.nsguard = {
    namespace = "vpn";
    allowPrivilegedCommands = true; # its module prepares the settings as root
  };
}
