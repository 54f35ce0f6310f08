# Ranges of ports: opened to the tunnel, published with a proxy for each port, and published over the host link.
let
  range = from: to: { inherit from to; };
in
{
  specification = {
    tunnels.one.configFile = "/run/secrets/one.conf";
    namespaces.vpn = {
      tunnel = "one";
      hostLink = {
        enable = true;
        range = "10.9.0.2/31";
      };
      publish = {
        ftp = {
          listen = [
            "127.0.0.1:3000-3001"
            "192.0.2.2:3000-3001"
          ];
          port = range 3000 3001;
          openFirewall = true;
        };
        game = {
          listen = [ "192.0.2.2:27015-27030" ];
          port = range 27015 27030;
          protocol = "udp";
          from = [ "192.0.2.0/24" ];
        };
      };
      tunnelPorts.tcp = [
        6881
        6881
        (range 6890 6899)
      ];
    };
  };

  facts =
    planned:
    let
      rules =
        file: pattern:
        builtins.filter (line: builtins.isString line && builtins.match pattern line != null) (
          builtins.split "\n *" planned.files."/etc/nsguard/vpn/${file}"
        );
      spec = builtins.fromJSON planned.files."/etc/nsguard/vpn/spec.json";
      services = builtins.filter (name: builtins.match "nsguard-publish.*service" name != null) (
        builtins.attrNames planned.units
      );
    in
    {
      inherit (planned) openPorts;
      inherit services;
      to = map (
        name: builtins.match ".* ([0-9.:]+)" planned.units.${name}.serviceConfig.ExecStart
      ) services;
      inherit (spec) published tunnelPorts;
      linked = spec.hostLink.published;
      opened = rules "namespace.nft" ".*tunnel_ports.*|.*dport [0-9].*-.*";
      link = rules "host-link.nft" ".*27015.*";
      clients = rules "clients.nft" ".*27015.*";
    };

  expected = {
    clients = [
      "ip daddr 192.0.2.2 udp dport 27015-27030 ip saddr 192.0.2.0/24 accept"
      "ip daddr 192.0.2.2 udp dport 27015-27030 drop"
    ];
    link = [
      ''iifname != "vensg-ebf20cef" ip daddr 192.0.2.2 udp dport 27015-27030 dnat ip to 10.9.0.3''
      "ip daddr 192.0.2.2 udp dport 27015-27030 dnat ip to 10.9.0.3"
      ''oifname "vensg-ebf20cef" meta nfproto ipv4 meta l4proto udp ct original ip daddr 192.0.2.2 ct original proto-dst 27015-27030 snat ip to 10.9.0.2''
    ];
    linked = [
      {
        from = [ "192.0.2.0/24" ];
        listen = "192.0.2.2:27015-27030";
        name = "game";
        port = {
          from = 27015;
          to = 27030;
        };
        protocol = "udp";
      }
    ];
    openPorts = [
      3000
      3001
    ];
    opened = [
      "set tunnel_ports { type inet_proto . inet_service; elements = { tcp . 6881, tcp . 6881 }; }"
      ''iifname "wg0" ip daddr @address4 meta l4proto . th dport @tunnel_ports accept''
      ''iifname "wg0" ip6 daddr @address6 meta l4proto . th dport @tunnel_ports accept''
      ''iifname "wg0" ip daddr @address4 tcp dport 6890-6899 accept''
      ''iifname "wg0" ip6 daddr @address6 tcp dport 6890-6899 accept''
      ''iifname "host0" ip daddr 10.9.0.3 udp dport 27015-27030 accept''
      ''iifname "host0" ip6 daddr fd7c:1e73:129f:15d9::2 udp dport 27015-27030 accept''
    ];
    published = [
      {
        from = null;
        listen = [
          "127.0.0.1:3000"
          "192.0.2.2:3000"
        ];
        name = "ftp";
        port = 3000;
        unit = "nsguard-publish-vpn@ftp.3000-86ca41.socket";
      }
      {
        from = null;
        listen = [
          "127.0.0.1:3001"
          "192.0.2.2:3001"
        ];
        name = "ftp";
        port = 3001;
        unit = "nsguard-publish-vpn@ftp.3001-d7bedc.socket";
      }
    ];
    services = [
      "nsguard-publish-vpn@ftp.3000-86ca41.service"
      "nsguard-publish-vpn@ftp.3001-d7bedc.service"
    ];
    to = [
      [ "127.0.0.1:3000" ]
      [ "127.0.0.1:3001" ]
    ];
    tunnelPorts = {
      tcp = [
        6881
        6881
        {
          from = 6890;
          to = 6899;
        }
      ];
      udp = [ ];
    };
  };
}
