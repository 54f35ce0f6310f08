# The demo's namespace with two web servers. Host, network and tunnel reach one of them.
let
  demo = import ./demo.nix;

  # The lab's addresses of the client (harness/src/nsguard_harness/addresses.py), and one that nobody has.
  addresses = [
    "127.0.0.1"
    "[::1]"
    "198.51.100.2"
    "[2001:db8:51::2]"
    "198.51.100.222"
  ];

  web = port: {
    namespace = "vpn";
    serviceConfig = {
      ExecStart = "/usr/bin/python3 -m http.server ${toString port} --bind :: --directory /usr/share";
      User = "www-data";
      Group = "www-data";
    };
    wantedBy = [ "multi-user.target" ];
  };
in
demo
// {
  namespaces.vpn = demo.namespaces.vpn // {
    publish.web = {
      listen = map (address: "${address}:8091") addresses ++ [ "/run/nsguard-web/socket" ];
      port = 9091;
      group = "www-data";
    };
    tunnelPorts = {
      tcp = [ 9091 ];
      udp = [ 9091 ];
    };
  };

  services = demo.services // {
    web = web 9091;
    beside = web 9092;
  };
}
