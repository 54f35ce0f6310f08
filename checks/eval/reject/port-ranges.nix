let
  range = from: to: { inherit from to; };
in
{
  specification = {
    tunnels.one.configFile = "/run/secrets/one.conf";
    namespaces.one = {
      tunnel = "one";
      publish = {
        clash = {
          listen = [
            "192.0.2.2:7000-7010"
            "0.0.0.0:7010"
          ];
          port = range 7000 7010;
        };
        many = {
          listen = [ "127.0.0.1:2000-2064" ];
          port = range 2000 2064;
        };
        moved = {
          listen = [
            "192.0.2.2:3000-3009"
            "[2001:db8::2]:3020-3000"
            "/run/range.sock"
          ];
          port = range 4000 4009;
        };
        one = {
          listen = [ "192.0.2.2:5000-5009" ];
          port = 5000;
        };
        reversed = {
          listen = [ "192.0.2.2:6000" ];
          port = range 6009 6000;
        };
        too-far = {
          listen = [ "192.0.2.2:65530-65536" ];
          port = 65530;
        };
        wide-and-linked = {
          listen = [ "0.0.0.0:10000-10999" ];
          port = range 10000 10999;
          keepSource = true;
        };
        wide = {
          listen = [ "192.0.2.2:1000-1099" ];
          port = range 1000 1099;
        };
      };
      hostServices.sonarr.port = 7005;
      tunnelPorts.tcp = [
        6881
        (range 6880 6889)
        (range 22 1030)
        6881
      ];
      tunnelPorts.udp = [
        (range 9000 8000)
      ];
    };
  };
  messages =
    let
      one = "nsguard.namespaces.one.publish";
      tunnel = "nsguard.namespaces.one.tunnelPorts";
      link = "nsguard.namespaces.one.hostLink.enable = true;";
    in
    [
      "nsguard.namespaces.one.hostServices.sonarr: ${one}.clash publishes port 7005 inside, which would lead back to the host; set nsguard.namespaces.one.hostServices.sonarr.listenPort to a free port"
      ''${one}.clash.listen: "0.0.0.0:7010" has other ports than the range 7000-7010, which keeps its numbers; write "0.0.0.0:7000-7010"''
      "${one}.many.port: the range 2000-2064 has 65 ports, and proxies pass on 64 at most; narrow it, or name an address of the host's in listen and set keepSource = true; with ${link}"
      ''${one}.moved.listen: "192.0.2.2:3000-3009" has other ports than the range 4000-4009, which keeps its numbers; write "192.0.2.2:4000-4009"''
      ''${one}.moved.listen: "[2001:db8::2]:3020-3000" ends before it begins; write "[2001:db8::2]:3000-3020"''
      ''${one}.moved.listen: "/run/range.sock" is one socket, and port is a range; remove it, or publish one port''
      ''${one}.one.listen: "192.0.2.2:5000-5009" is a range, and port is 5000; set port = { from = 5000; to = 5009; };''
      "${one}.reversed.port: the range 6009-6000 ends before it begins; swap from and to"
      ''${one}.too-far.listen: "192.0.2.2:65530-65536" is malformed; write it like "127.0.0.1:9091", "[::1]:9091" or "/run/web.sock"''
      "${one}.wide.port: the range 1000-1099 has ports below 1024, where well-known services listen; name those ports one by one"
      "${one}.wide.port: the range 1000-1099 has 100 ports, and proxies pass on 64 at most; narrow it, or set keepSource = true; with ${link} and name no loopback address"
      "${one}.wide-and-linked.keepSource: a proxy cannot keep the client's address; set ${link}"
      "${one}.wide-and-linked.port: the range 10000-10999 has 1000 ports, and proxies pass on 64 at most; narrow it, or name in listen only addresses of the host's other than loopback, and not 0.0.0.0 or [::]"
      ''${one}.clash.listen: "0.0.0.0:7010" overlaps with ${one}.clash ("192.0.2.2:7000-7010"), and only one can listen there; choose another port or address''
      "${tunnel}.tcp: the range 22-1030 has ports below 1024, where well-known services listen; name those ports one by one"
      "${tunnel}.tcp: 6880-6889 overlaps with 6881; remove one, or let the range end before the other begins"
      "${tunnel}.tcp: 6881 overlaps with 6880-6889; remove one, or let the range end before the other begins"
      "${tunnel}.udp: the range 9000-8000 ends before it begins; swap from and to"
    ];
}
