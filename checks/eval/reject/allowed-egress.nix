{
  specification = {
    tunnels.lab = {
      ips = [ "10.66.0.2/32" ];
      dns = [ "10.66.0.1" ];
      privateKeyFile = "/run/secrets/lab.key";
      peers = [
        {
          publicKey = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
          endpoint = "203.0.113.51:51820";
          allowedIPs = [ "0.0.0.0/0" ];
        }
      ];
    };
    namespaces.vpn = {
      tunnel = "lab";
      allowedEgress = {
        "a b" = {
          address = "192.168.1.9";
          port = 1;
        };
        by-name = {
          address = "nas.local";
          port = 445;
        };
        host = {
          address = "127.0.0.1";
          port = 22;
        };
        neighbour = {
          address = "fe80::1";
          port = 22;
        };
        own = {
          address = "10.66.0.2";
          port = 80;
        };
        range = {
          address = "192.168.1.0/24";
          port = 80;
        };
        resolver = {
          address = "10.66.0.1";
          port = 53;
        };
        same = {
          address = "192.168.1.9";
          port = 1;
        };
      };
    };
  };
  messages =
    let
      at = "nsguard.namespaces.vpn.allowedEgress";
      like = ''is malformed; write it like "192.168.1.10" or "fd00::10"; a name would be looked up through the tunnel'';
      nowhere = "is not the address of one host; write the address of the host to reach";
      taken = "belongs to the tunnel or its resolver, and could not be reached through the tunnel; remove the exception";
    in
    [
      "${at}.a b: the name must start with a letter or digit and have at most 32 letters, digits, - and _; rename it"
      ''${at}.by-name.address: "nas.local" ${like}''
      ''${at}.host.address: "127.0.0.1" is this host itself; remove the exception and set nsguard.namespaces.vpn.hostServices.host.port = 22;''
      ''${at}.neighbour.address: "fe80::1" ${nowhere}: ${at}.neighbour.address = "192.168.1.10";''
      ''${at}.own.address: "10.66.0.2" ${taken}''
      ''${at}.range.address: "192.168.1.0/24" ${like}''
      ''${at}.resolver.address: "10.66.0.1" ${taken}''
      "${at}.same: 192.168.1.9 port 1 is also the target of ${at}.a b; remove one of the two"
    ];
}
