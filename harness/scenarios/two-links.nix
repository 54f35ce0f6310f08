# Two namespaces side by side on one host, each with a host link and what is published over it. The second one's tunnel
# leads to a server that does not know it.
let
  one = import ./hostlink.nix;

  # A port that a proxy passes on, at all addresses of the host, those of the links among them.
  publish = one.namespaces.vpn.publish // {
    proxied = {
      listen = [
        "0.0.0.0:8093"
        "[::]:8093"
      ];
      port = 9091;
    };
  };

  # The same ports, a hundred on.
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
