{
  nsguard.tunnels.provider.configFile = "/run/secrets/wg.conf";
  nsguard.namespaces.vpn = {
    tunnel = "provider";
    publish.jellyfin = {
      listen = [ "192.0.2.2:8096" ];
      port = 8096;
      openFirewall = true;
    };
  };

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
