# Ports that host, network and tunnel reach.
{
  specification = {
    tunnels = { inherit (import ../tunnels.nix) one two; };
    namespaces.vpn = {
      tunnel = "one";
      publish.web = {
        listen = [
          "127.0.0.1:9091"
          "[::1]:9091"
          "192.0.2.2:9092"
        ];
        port = 9091;
        openFirewall = true;
      };
      publish.local-only = {
        listen = [
          "127.0.0.1:8080"
          "/run/vpn-web.sock"
        ];
        port = 80;
        group = "users";
      };
      tunnelPorts.tcp = [ 80 ];
      tunnelPorts.udp = [ 53 ];
    };
    namespaces.closed.tunnel = "two";
  };

  facts =
    planned:
    let
      spec = ns: builtins.fromJSON planned.files."/etc/nsguard/${ns}/spec.json";
      rules = ns: planned.files."/etc/nsguard/${ns}/namespace.nft";
      opened =
        ns:
        builtins.filter (line: builtins.isString line && builtins.match ".*tunnel_ports.*" line != null) (
          builtins.split "\n *" (rules ns)
        );
      units = builtins.filter (name: builtins.match "nsguard-publish.*" name != null) (
        builtins.attrNames planned.units
      );
      socket = name: planned.units.${name}.socketConfig;
      service = planned.units.${builtins.elemAt units 2};
    in
    {
      inherit (planned) openPorts;
      inherit units;
      published = map (ns: (spec ns).published) [
        "closed"
        "vpn"
      ];
      inherit (socket (builtins.elemAt units 1)) SocketGroup SocketMode;
      inherit (socket (builtins.elemAt units 3)) ListenStream FreeBind;
      inherit (service.unitConfig) BindsTo After;
      wants = service.unitConfig.Wants or null;
      inherit (service.serviceConfig) ExecStart NetworkNamespacePath RestrictAddressFamilies;
      opened = map opened [
        "closed"
        "vpn"
      ];
    };

  expected = {
    openPorts = [ 9092 ];
    units = [
      "nsguard-publish-vpn@local-only-90d57c.service"
      "nsguard-publish-vpn@local-only-90d57c.socket"
      "nsguard-publish-vpn@web-afc953.service"
      "nsguard-publish-vpn@web-afc953.socket"
    ];
    published = [
      [ ]
      [
        {
          name = "local-only";
          unit = "nsguard-publish-vpn@local-only-90d57c.socket";
          listen = [
            "127.0.0.1:8080"
            "/run/vpn-web.sock"
          ];
          port = 80;
          from = [ ];
        }
        {
          name = "web";
          unit = "nsguard-publish-vpn@web-afc953.socket";
          listen = [
            "127.0.0.1:9091"
            "[::1]:9091"
            "192.0.2.2:9092"
          ];
          port = 9091;
          from = null;
        }
      ]
    ];
    SocketGroup = "users";
    SocketMode = "0660";
    ListenStream = [
      "127.0.0.1:9091"
      "[::1]:9091"
      "192.0.2.2:9092"
    ];
    FreeBind = true;
    BindsTo = [
      "nsguard-netns-vpn.service"
      "nsguard-publish-vpn@web-afc953.socket"
    ];
    After = [
      "nsguard-netns-vpn.service"
      "nsguard-publish-vpn@web-afc953.socket"
    ];
    wants = null;
    ExecStart = "/usr/bin/nsguard-init --journal --netns=vpn --notify=main --accounts=%p:%p /usr/lib/systemd/systemd-socket-proxyd --exit-idle-time=5min 127.0.0.1:9091";
    NetworkNamespacePath = "/run/netns/vpn";
    RestrictAddressFamilies = "AF_UNIX AF_INET";
    opened = [
      [ ]
      [
        "set tunnel_ports { type inet_proto . inet_service; elements = { tcp . 80, udp . 53 }; }"
        ''iifname "wg0" ip daddr @address4 meta l4proto . th dport @tunnel_ports accept''
        ''iifname "wg0" ip6 daddr @address6 meta l4proto . th dport @tunnel_ports accept''
      ]
    ];
  };
}
