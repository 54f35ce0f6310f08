# Published ports that only some networks may use: by a proxy at named addresses and at all addresses, and by the host
# link.
let
  hostlink = import ./hostlink.nix;

  # The lab's addresses of the client and of the uplink's network (harness/src/nsguard_harness/addresses.py).
  uplink = port: [
    "198.51.100.2:${port}"
    "[2001:db8:51::2]:${port}"
  ];
  published = {
    port = 9091;
    from = [
      "198.51.100.0/24"
      "2001:db8:51::/64"
    ];
  };
in
hostlink
// {
  namespaces.vpn = hostlink.namespaces.vpn // {
    publish = {
      proxied = published // {
        listen = uplink "8093" ++ [
          "127.0.0.1:8093"
          "[::1]:8093"
        ];
      };
      everywhere = published // {
        listen = [
          "0.0.0.0:8094"
          "[::]:8094"
        ];
      };
      stream = published // {
        listen = uplink "8095";
        keepSource = true;
      };
      datagrams = published // {
        listen = uplink "8095";
        protocol = "udp";
      };
    };
  };
}
