# The demo's namespace with a host link that publishes a UDP service, and a service that sees its clients' addresses.
let
  demo = import ./demo.nix;

  # The lab's addresses of the client (harness/src/nsguard_harness/addresses.py).
  uplink = [
    "198.51.100.2:8091"
    "[2001:db8:51::2]:8091"
  ];
in
demo
// {
  namespaces.vpn = demo.namespaces.vpn // {
    hostLink.enable = true;
    publish = {
      echo = {
        listen = uplink;
        port = 9091;
        protocol = "udp";
        keepSource = true;
      };
      stream = {
        listen = uplink ++ [
          "127.0.0.1:8091"
          "[::1]:8091"
        ];
        port = 9091;
        keepSource = true;
      };
      masked = {
        listen = [
          "0.0.0.0:8092"
          "[::]:8092"
        ];
        port = 9091;
        protocol = "udp";
      };
    };
  };

  services = demo.services // {
    echo = {
      namespace = "vpn";
      serviceConfig = {
        ExecStart = "/usr/bin/python3 -m nsguard_harness.inside.echo /var/lib/nsguard-echo/records.jsonl 9091";
        Environment = "PYTHONPATH=/usr/lib/nsguard-harness";
        StateDirectory = "nsguard-echo";
        Type = "notify";
        User = "www-data";
        Group = "www-data";
      };
      wantedBy = [ "multi-user.target" ];
    };
  };
}
