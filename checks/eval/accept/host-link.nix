# NixOS: ports over a host link.
{
  module = {
    nsguard.tunnels = { inherit (import ../tunnels.nix) mullvad other; };
    nsguard.namespaces.closed.tunnel = "other";
    nsguard.namespaces.vpn = {
      tunnel = "mullvad";
      hostLink = {
        enable = true;
        range = "10.9.0.0/30";
      };
      publish.dns = {
        listen = [ "192.0.2.2:5353" ];
        port = 53;
        protocol = "udp";
        openFirewall = true;
      };
      publish.web = {
        listen = [
          "127.0.0.1:8080"
          "/run/web.sock"
          "0.0.0.0:8081"
        ];
        port = 80;
        keepSource = true;
      };
      # the same port for another protocol
      publish.again = {
        listen = [ "192.0.2.2:5353" ];
        port = 53;
      };
    };
  };

  facts =
    config:
    let
      planned = config.nsguard.planned;
      spec = ns: builtins.fromJSON planned.files."/etc/nsguard/${ns}/spec.json";
      rules =
        file:
        builtins.filter (line: builtins.isString line) (
          builtins.split "\n *" planned.files."/etc/nsguard/vpn/${file}"
        );
      having = part: builtins.filter (line: builtins.match ".*${part}.*" line != null);
    in
    {
      closed = (spec "closed").hostLink;
      inherit ((spec "vpn").hostLink) interface host;
      linked = map (it: "${it.protocol} ${it.listen}") (spec "vpn").hostLink.published;
      proxied = map (it: it.listen) (spec "vpn").published;
      inside = having "host0" (having "(dport|oif|mark).*" (rules "namespace.nft"));
      dnat = having "dnat ip to" (having "iifname.*" (rules "host-link.nft"));
      snat = having "snat" (rules "host-link.nft");
      inherit (config.networking.firewall) allowedTCPPorts;
    };

  expected = {
    closed = null;
    interface = "vensg-ebf20cef";
    host = [
      "10.9.0.2"
      "fd7c:1e73:129f:15d9::1"
    ];
    linked = [
      "udp 192.0.2.2:5353"
      "tcp 0.0.0.0:8081"
    ];
    # all addresses but loopback go over the link
    proxied = [
      [ "192.0.2.2:5353" ]
      [
        "127.0.0.1:8080"
        "/run/web.sock"
        "127.0.0.1:8081"
      ]
    ];
    inside = [
      ''oifname "host0" ct mark != 0x6e736c6b drop''
      ''oifname "host0" ct direction reply ct state established accept''
      ''iifname "host0" ct state new ct mark set 0x6e736c6b''
      ''iifname "host0" ip daddr 10.9.0.3 meta l4proto . th dport { tcp . 80, udp . 53 } accept''
      ''iifname "host0" ip6 daddr fd7c:1e73:129f:15d9::2 meta l4proto . th dport { tcp . 80, udp . 53 } accept''
    ];
    dnat = [
      ''iifname != "vensg-ebf20cef" ip daddr 192.0.2.2 udp dport 5353 dnat ip to 10.9.0.3:53''
      ''iifname != "vensg-ebf20cef" fib daddr type local ip daddr != 127.0.0.0/8 tcp dport 8081 dnat ip to 10.9.0.3:80''
    ];
    snat = [
      ''oifname "vensg-ebf20cef" meta nfproto ipv4 meta l4proto udp ct original ip daddr 192.0.2.2 ct original proto-dst 5353 snat ip to 10.9.0.2''
    ];
    allowedTCPPorts = [ ];
  };
}
