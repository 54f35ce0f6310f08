# Options that have no default.
{
  specification = {
    tunnels.typed = {
      privateKeyFile = "/run/secrets/typed.key";
      ips = [ "10.66.0.2/32" ];
      peers = [ { allowedIPs = [ "0.0.0.0/0" ]; } ];
    };
    namespaces = {
      empty = { };
      vpn = {
        tunnel = "typed";
        publish.web.listen = [ "127.0.0.1:9091" ];
        publish.game = {
          listen = [ "192.0.2.2:27015-27030" ];
          port = {
            from = 27015;
            to = null;
          };
        };
        allowedEgress = {
          nas = { };
          printer.address = "192.168.1.11";
          same.address = "192.168.1.11";
        };
      };
    };
  };
  messages =
    let
      vpn = "nsguard.namespaces.vpn";
      address = ''"192.168.1.10"; with the address of the host to reach'';
      port = "445; with the TCP port to reach";
      unset = option: example: "${option}: it is not set; set ${option} = ${example}";
    in
    [
      (unset "nsguard.namespaces.empty.tunnel" ''"typed"; with the name of one of nsguard.tunnels'')
      (unset "${vpn}.allowedEgress.nas.address" address)
      (unset "${vpn}.allowedEgress.nas.port" port)
      (unset "${vpn}.allowedEgress.printer.port" port)
      (unset "${vpn}.allowedEgress.same.port" port)
      ''${vpn}.publish.game.port: {"from":27015,"to":null} is not a range of ports; write it like { from = 6881; to = 6889; }''
      (unset "${vpn}.publish.web.port" "9091; with the port that the service listens on")
      (unset "nsguard.tunnels.typed.peers.0.publicKey" ''"…"; with the 44 characters that your provider gave you'')
    ];
}
