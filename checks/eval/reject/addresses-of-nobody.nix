{
  specification.tunnels.typed = {
    privateKeyFile = "/run/secrets/typed.key";
    ips = [ "127.0.0.2/8" ];
    dns = [
      "127.0.0.53"
      "::1"
      "ff02::fb"
      "0.0.0.0"
      "10.66.0.1"
    ];
    peers =
      map
        (endpoint: {
          publicKey = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
          inherit endpoint;
          allowedIPs = [ "10.66.0.0/24" ];
        })
        [
          "255.255.255.255:67"
        ]
      ++
        map
          (endpoint: {
            publicKey = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";
            inherit endpoint;
            allowedIPs = [ ];
          })
          [
            "[::ffff:127.0.0.1]:51820"
            "[::]:51820"
            "239.1.2.3:51820"
            "localhost:51820"
          ];
  };
  messages = [
    ''nsguard.tunnels.typed.ips: "127.0.0.2" is a loopback address, which no tunnel can have; write the address that your provider gave you''
    ''nsguard.tunnels.typed.dns: "127.0.0.53" is a loopback address, where no resolver answers through the tunnel; write the provider's resolver''
    ''nsguard.tunnels.typed.dns: "::1" is a loopback address, where no resolver answers through the tunnel; write the provider's resolver''
    ''nsguard.tunnels.typed.dns: "ff02::fb" is a multicast address, where no resolver answers through the tunnel; write the provider's resolver''
    ''nsguard.tunnels.typed.dns: "0.0.0.0" is an unspecified address, where no resolver answers through the tunnel; write the provider's resolver''
    ''nsguard.tunnels.typed.peers.0.endpoint: "255.255.255.255" is the broadcast address, which no peer can have; write the peer's own address''
    ''nsguard.tunnels.typed.peers.1.endpoint: "::ffff:127.0.0.1" is a loopback address, which no peer can have; write the peer's own address''
    ''nsguard.tunnels.typed.peers.2.endpoint: "::" is an unspecified address, which no peer can have; write the peer's own address''
    ''nsguard.tunnels.typed.peers.3.endpoint: "239.1.2.3" is a multicast address, which no peer can have; write the peer's own address''
  ];
}
