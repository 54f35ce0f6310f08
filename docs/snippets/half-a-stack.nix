{
  nsguard.tunnels.provider.configFile = "/run/secrets/wg.conf";
  nsguard.namespaces.vpn = {
    tunnel = "provider";

    # Inside, 127.0.0.1:8989 is Sonarr and 127.0.0.1:7878 is Radarr.
    hostServices = {
      sonarr.port = 8989;
      radarr.port = 7878;
    };

    # Outside, 127.0.0.1:9696 is Prowlarr and 127.0.0.1:9091 is Transmission.
    publish = {
      prowlarr = {
        listen = [ "127.0.0.1:9696" ];
        port = 9696;
      };
      transmission = {
        listen = [ "127.0.0.1:9091" ];
        port = 9091;
      };
    };
  };

  # Inside.
  services.prowlarr.enable = true;
  services.transmission.enable = true;
  systemd.services.prowlarr.nsguard.namespace = "vpn";
  systemd.services.transmission.nsguard = {
    namespace = "vpn";
    allowPrivilegedCommands = true; # its module prepares the settings as root
  };

  # Outside, with the host's own network.
  services.sonarr.enable = true;
  services.radarr.enable = true;
  services.jellyfin.enable = true;
}
