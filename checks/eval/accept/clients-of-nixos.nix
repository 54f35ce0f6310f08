# NixOS: programs that should get the forwarded port, in nixpkgs' units: one confined, and one not.
{
  module = {
    nsguard.tunnels.one.configFile = "/run/secrets/one.conf";
    nsguard.tunnels.two.configFile = "/run/secrets/two.conf";
    nsguard.namespaces.vpn = {
      tunnel = "one";
      portForwarding.enable = true;
      portForwarding.client = "deluge";
      portForwarding.clientCredentialsFile = "/run/secrets/deluge";
    };
    nsguard.namespaces.other = {
      tunnel = "two";
      portForwarding.enable = true;
      portForwarding.client = "transmission";
    };
    services.deluge.enable = true;
    services.deluge.web.enable = true;
    systemd.services.deluged.nsguard.namespace = "vpn";
    systemd.services.delugeweb.nsguard.namespace = "vpn";
    services.transmission.enable = true;
  };
  facts = _: null;
  expected = null;

  warnings = [
    ''nsguard.namespaces.other.portForwarding.client: transmission.service is not confined to this namespace, so it does not get the port; set systemd.services.transmission.nsguard.namespace = "other";''
  ];
}
