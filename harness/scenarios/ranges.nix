# Ranges of ports: open to the tunnel's far end, published by proxies, and by the host link as streams and datagrams.
let
  hostlink = import ./hostlink.nix;

  # The lab's addresses of the client, and its ranges (harness/src/nsguard_harness/addresses.py).
  uplink = ports: [
    "198.51.100.2:${ports}"
    "[2001:db8:51::2]:${ports}"
  ];
  proxied = {
    from = 8101;
    to = 8104;
  };
  linked = {
    from = 8111;
    to = 8114;
  };
  opened = {
    from = 8121;
    to = 8124;
  };
  # Inside, ports next to the published ranges answer as well.
  served = "8100 8101 8102 8103 8104 8105 8110 8111 8112 8113 8114 8115 8121 8122 8123 8124";
in
hostlink
// {
  namespaces.vpn = hostlink.namespaces.vpn // {
    publish = {
      proxied = {
        listen = uplink "8101-8104" ++ [ "127.0.0.1:8101-8104" ];
        port = proxied;
      };
      streams = {
        listen = uplink "8111-8114";
        port = linked;
        keepSource = true;
      };
      datagrams = {
        listen = uplink "8111-8114";
        port = linked;
        protocol = "udp";
      };
    };
    tunnelPorts = {
      tcp = [ opened ];
      udp = [ opened ];
    };
  };

  services = hostlink.services // {
    echo = hostlink.services.echo // {
      serviceConfig = hostlink.services.echo.serviceConfig // {
        ExecStart = "/usr/bin/python3 -m nsguard_harness.inside.echo /var/lib/nsguard-echo/records.jsonl ${served}";
      };
    };
  };
}
