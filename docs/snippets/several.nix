{
  nsguard.tunnels.sweden.configFile = "/run/secrets/sweden.conf";
  nsguard.tunnels.japan.configFile = "/run/secrets/japan.conf";
  nsguard.namespaces.torrents.tunnel = "sweden";
  nsguard.namespaces.search.tunnel = "japan";

  services.transmission.enable = true;
  services.prowlarr.enable = true;
  systemd.services.transmission.nsguard = {
    namespace = "torrents";
    allowPrivilegedCommands = true;
  };
  systemd.services.prowlarr.nsguard.namespace = "search";
}
