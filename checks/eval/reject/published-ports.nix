let
  # Neither addresses with a port nor paths below /run.
  nowhere = [
    "9091"
    "localhost:9091"
    "192.0.2.256:9091"
    "192.0.2.2:65536"
    "::1:9091"
    "[1::2::3]:9091"
    "[::ffff:c000:202]:9091"
    "/tmp/web.sock"
  ];
in
{
  specification = {
    tunnels = { inherit (import ../tunnels.nix) one two; };
    namespaces.one = {
      tunnel = "one";
      publish = {
        again = {
          listen = [ "[2001:DB8:0::2]:8443" ];
          port = 443;
        };
        dns = {
          listen = [ "127.0.0.1:53" ];
          port = 53;
          protocol = "udp";
        };
        from-here = {
          listen = [ "127.0.0.1:8001" ];
          port = 1;
          from = [ "192.168.1.0/24" ];
        };
        from-nobody = {
          listen = [ "192.0.2.2:8002" ];
          port = 1;
          from = [ ];
        };
        from-other = {
          listen = [
            "192.0.2.2:8003"
            "[::]:8003"
          ];
          port = 1;
          from = [ "192.168.1.0/24" ];
        };
        from-wrong = {
          listen = [ "192.0.2.2:8004" ];
          port = 1;
          from = [
            "192.168.1.5/24"
            "192.168.1.0/33"
            "192.168.1.0/024"
            "lan"
            "192.168.1.5"
            "fd00::1/64"
            "0.0.0.0/0"
          ];
        };
        "of the host" = {
          listen = [ ];
          port = 80;
          group = "wheel users";
          mode = "rw";
        };
        twice = {
          listen = [
            "127.0.0.1:9091"
            "0.0.0.0:9091"
          ];
          port = 9091;
        };
      };
      tunnelPorts.udp = [ 0 ];
    };
    namespaces.two = {
      tunnel = "two";
      publish = {
        again = {
          listen = [
            "[2001:db8::2]:8443"
            "/run/web.sock"
          ];
          port = 443;
        };
        bad = {
          listen = nowhere ++ [ "/run/web.sock" ];
          port = 9091;
        };
      };
    };
  };
  messages =
    let
      one = "nsguard.namespaces.one.publish";
      wrong = ''is malformed; write it like "192.168.1.0/24", "fd00::/64" or "192.168.1.5"'';
      malformed =
        text:
        ''nsguard.namespaces.two.publish.bad.listen: "${text}" is malformed; write it like "127.0.0.1:9091", "[::1]:9091" or "/run/web.sock"'';
    in
    [
      "nsguard.namespaces.one.publish.dns.protocol: a proxy cannot pass on UDP; set nsguard.namespaces.one.hostLink.enable = true;"
      ''nsguard.namespaces.one.publish.dns.listen: "127.0.0.1:53" is a loopback address or a path, where UDP cannot be forwarded; set listen = [ "192.0.2.2:53" ]; with an address of the host, by which the host itself reaches the service, too''
      "${one}.from-here.from: it does not apply to loopback addresses and paths, and listen has no others; remove it"
      ''${one}.from-nobody.from: the list is empty, so only this host could connect; list networks, such as [ "192.168.1.0/24" ], or listen at loopback addresses only''
      ''${one}.from-other.from: no network in it is of the family of "[::]:8003", so nobody would be let in there; add one, or remove "[::]:8003" from listen''
      ''${one}.from-wrong.from: "192.168.1.5/24" is an address in a network, and not a network; set the bits beyond the prefix to 0, or remove the prefix to name one address''
      ''${one}.from-wrong.from: "192.168.1.0/33" ${wrong}''
      ''${one}.from-wrong.from: "192.168.1.0/024" ${wrong}''
      ''${one}.from-wrong.from: "lan" ${wrong}''
      ''${one}.from-wrong.from: "fd00::1/64" is an address in a network, and not a network; set the bits beyond the prefix to 0, or remove the prefix to name one address''
      "nsguard.namespaces.one.publish.of the host: the name must start with a letter or digit and have at most 32 letters, digits, - and _; rename it"
      ''nsguard.namespaces.one.publish.of the host.listen: the list is empty, so nothing would listen; set listen = [ "127.0.0.1:9091" ];''
      ''nsguard.namespaces.one.publish.of the host.mode: "rw" is malformed; write it like "0660"''
      ''nsguard.namespaces.one.publish.of the host.group: "wheel users" is malformed; write it like "users"''
    ]
    ++ map malformed nowhere
    ++ [
      ''nsguard.namespaces.one.publish.twice.listen: "0.0.0.0:9091" overlaps with nsguard.namespaces.one.publish.twice ("127.0.0.1:9091"), and only one can listen there; choose another port or address''
      ''nsguard.namespaces.two.publish.again.listen: "[2001:db8::2]:8443" overlaps with nsguard.namespaces.one.publish.again ("[2001:DB8:0::2]:8443"), and only one can listen there; choose another port or address''
      ''nsguard.namespaces.two.publish.bad.listen: "/run/web.sock" overlaps with nsguard.namespaces.two.publish.again ("/run/web.sock"), and only one can listen there; choose another port or address''
      "nsguard.namespaces.one.tunnelPorts.udp: 0 is not a port; remove it"
    ];
}
