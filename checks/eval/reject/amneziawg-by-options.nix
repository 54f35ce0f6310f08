{
  specification.tunnels.typed = {
    type = "amneziawg";
    privateKeyFile = "/run/secrets/typed.key";
    ips = [ "10.66.0.2/32" ];
    peers = [
      {
        publicKey = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
        allowedIPs = [ "0.0.0.0/0" ];
      }
    ];
  };
  messages = [
    ''nsguard.tunnels.typed.type: the options have no names for AmneziaWG's parameters; set configFile = "/run/secrets/typed.conf";''
  ];
}
