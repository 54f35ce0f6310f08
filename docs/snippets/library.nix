{
  nsguard.tunnels.provider.configFile = "/run/secrets/wg.conf";
  nsguard.namespaces.vpn = {
    tunnel = "provider";
    publish.jellyfin = {
      listen = [ "192.168.1.5:8096" ];
      port = 8096;
      openFirewall = true;
    };
  };

  systemd.tmpfiles.rules = [ "d /home/alice/Music 0750 alice jellyfin" ]; # if it does not exist already
  services.jellyfin.enable = true;
  systemd.services.jellyfin = {
    nsguard = {
      namespace = "vpn";
      bindPaths = [ "/home/alice/Music" ];
      devices = [ "/dev/dri" ];
    };
    serviceConfig.SupplementaryGroups = [ "render" ];
  };
}
