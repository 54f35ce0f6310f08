# Two namespaces on one host, each with a host link and ports that are published over it. The second one's tunnel leads
# to a server that does not know its key.
let
  one = import ./hostlink.nix;

  # A proxy publishes this port at all addresses of the host, including those of the links.
  publish = one.namespaces.vpn.publish // {
    proxied = {
      listen = [
        "0.0.0.0:8093"
        "[::]:8093"
      ];
      port = 9091;
    };
  };

  # The same ports plus 100.
  further = it: it // { listen = map (builtins.replaceStrings [ ":80" ] [ ":81" ]) it.listen; };
in
one
// {
  tunnels = one.tunnels // {
    other.configFile = "/etc/nsguard-lab/other.conf";
  };

  namespaces = {
    vpn = one.namespaces.vpn // {
      inherit publish;
    };
    other = {
      tunnel = "other";
      hostLink.enable = true;
      publish = builtins.mapAttrs (_: further) publish;
    };
  };

  services = one.services // {
    echo-other = one.services.echo // {
      namespace = "other";
      serviceConfig = one.services.echo.serviceConfig // {
        ExecStart = "/usr/bin/python3 -m nsguard_harness.inside.echo /var/lib/nsguard-echo-other/records.jsonl 9091";
        StateDirectory = "nsguard-echo-other";
      };
    };
  };
}
