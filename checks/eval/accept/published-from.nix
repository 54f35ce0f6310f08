# Published ports that name their clients, beside one that does not.
{
  specification = {
    tunnels.lab.configFile = "/run/secrets/lab.conf";
    namespaces.vpn = {
      tunnel = "lab";
      hostLink.enable = true;
      publish = {
        open = {
          listen = [ "192.0.2.2:8001" ];
          port = 80;
        };
        web = {
          listen = [
            "127.0.0.1:8002"
            "192.0.2.2:8002"
            "[::]:8002"
            "/run/web.sock"
          ];
          port = 80;
          from = [
            "192.168.0.0/16"
            "192.168.1.0/24"
            "192.0.2.9"
            "fd00::/64"
          ];
        };
        game = {
          listen = [ "192.0.2.2:8003" ];
          port = 81;
          protocol = "udp";
          from = [ "192.168.1.0/24" ];
        };
      };
    };
  };

  facts =
    planned:
    let
      socket =
        port:
        let
          names = builtins.filter (
            name: builtins.match "nsguard-publish-vpn@${port}-[0-9a-f]{6}[.]socket" name != null
          ) (builtins.attrNames planned.units);
        in
        planned.units.${builtins.head names};
      bound = port: {
        inherit (socket port) wantedBy;
        to = (socket port).unitConfig.BindsTo or [ ];
      };
    in
    {
      open = bound "open";
      web = bound "web";
      rules = builtins.filter (line: builtins.isString line && line != "") (
        builtins.split "\n *" planned.files."/etc/nsguard/vpn/clients.nft"
      );
      reloaded = planned.units."nsguard-netns-vpn.service".unitConfig.ReloadPropagatedFrom;
      inherit (builtins.fromJSON planned.files."/etc/nsguard/vpn/spec.json") rulesets;
    };

  expected = {
    open = {
      to = [ ];
      wantedBy = [
        "sockets.target"
        "nsguard-netns-vpn.service"
      ];
    };
    web = {
      to = [ "nsguard-netns-vpn.service" ];
      wantedBy = [
        "multi-user.target"
        "nsguard-netns-vpn.service"
      ];
    };
    rules = [
      "table inet nsguard_from-vpn {"
      "chain prerouting {"
      "type filter hook prerouting priority -110; policy accept;"
      ''iifname "lo" accept''
      "ip daddr 192.0.2.2 udp dport 8003 ip saddr 192.168.1.0/24 accept"
      "ip daddr 192.0.2.2 udp dport 8003 drop"
      "ip daddr 192.0.2.2 tcp dport 8002 ip saddr 192.168.0.0/16 accept"
      "ip daddr 192.0.2.2 tcp dport 8002 ip saddr 192.168.1.0/24 accept"
      "ip daddr 192.0.2.2 tcp dport 8002 ip saddr 192.0.2.9 accept"
      "ip daddr 192.0.2.2 tcp dport 8002 drop"
      "meta nfproto ipv6 fib daddr type local tcp dport 8002 ip6 saddr fd00::/64 accept"
      "meta nfproto ipv6 fib daddr type local tcp dport 8002 drop"
      "}"
      "}"
    ];
    reloaded = [ "nftables.service" ];
    rulesets = {
      clients = "/etc/nsguard/vpn/clients.nft";
      host = "/etc/nsguard/vpn/host.nft";
      namespace = "/etc/nsguard/vpn/namespace.nft";
    };
  };
}
