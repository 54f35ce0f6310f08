{
  specification.namespaces.vpn = { };
  messages = [
    ''nsguard.namespaces.vpn.tunnel: it is not set; set nsguard.namespaces.vpn.tunnel = "mullvad"; and nsguard.tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";''
  ];
}
