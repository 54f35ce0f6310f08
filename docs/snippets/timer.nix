{
  nsguard.tunnels.provider.configFile = "/run/secrets/wg.conf";
  nsguard.namespaces.vpn.tunnel = "provider";

  systemd.services.feeds = {
    nsguard.namespace = "vpn";
    startAt = "hourly";
    script = "/run/current-system/sw/bin/curl -fsS -o $STATE_DIRECTORY/feed.xml https://example.org/feed.xml";
    serviceConfig = {
      Type = "oneshot";
      DynamicUser = true;
      StateDirectory = "feeds";
    };
  };
}
