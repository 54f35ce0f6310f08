{
  specification = {
    tunnels.lab.configFile = "/run/secrets/lab.conf";
    namespaces.vpn = {
      tunnel = "lab";
      publish.web = {
        listen = [ "127.0.0.1:9091" ];
        port = 9091;
      };
      hostServices = {
        "a b".port = 1;
        back.port = 9091;
        elsewhere = {
          port = 2;
          address = "192.168.1.10";
        };
        everywhere = {
          port = 3;
          address = "0.0.0.0";
        };
        named = {
          port = 4;
          address = "localhost";
        };
        nothing = { };
        same = {
          port = 5;
          listenPort = 1;
        };
      };
    };
  };
  messages =
    let
      vpn = "nsguard.namespaces.vpn";
      at = "${vpn}.hostServices";
      elsewhere = "is not a loopback address; remove it for 127.0.0.1, or use ${vpn}.allowedEgress for another host";
    in
    [
      "${at}.a b: the name must start with a letter or digit and have at most 32 letters, digits, - and _; rename it"
      "${at}.back: ${vpn}.publish.web publishes port 9091 inside, which would lead back to the host; set ${at}.back.listenPort to a free port"
      ''${at}.elsewhere.address: "192.168.1.10" ${elsewhere}''
      ''${at}.everywhere.address: "0.0.0.0" ${elsewhere}''
      ''${at}.named.address: "localhost" is malformed; write it like "127.0.0.1" or "::1"''
      "${at}.nothing.port: no port is set, and services.nothing has no option with its port; set ${at}.nothing.port to the port on which the service listens"
      "${at}.same: port 1 inside is also the port of ${at}.a b; set ${at}.same.listenPort to a free port"
    ];
}
