# The nftables rulesets, as data and as text (nft(8)): in the namespace, and on the host for its tunnel and its host
# link. The text by itself accepts nothing: the runtime only adds elements to its sets, in the same transaction.
{ names, without }:
let
  inherit (builtins) concatMap filter;
  inherit (import ../protections.nix { inherit without; }) listed;
  inherit (import ./nft-text.nix { inherit without; }) chain guards table;
  link = import ./link-ruleset.nix { inherit names; };
  clients = import ./clients-ruleset.nix;
  ports = import ./ports.nix;

  wg = ''oifname "${names.interface}"'';

  # A connection that began inside and was answered.
  begun = "ct direction original ct state established";

  redirect = {
    name = "dns";
    # dstnat as a number: nft before 1.0.7 knows the name in prerouting only.
    hook = "type nat hook output priority -100;";
    rules = [
      {
        name = "dns-redirect";
        guards = "look-ups that name another server than the tunnel's";
        text = [
          ''oifname "lo" accept''
          "ip daddr @resolver4 accept"
          "ip6 daddr @resolver6 accept"
          "meta nfproto ipv4 meta l4proto { tcp, udp } dnat ip to th dport map @redirect4"
          "meta nfproto ipv6 meta l4proto { tcp, udp } dnat ip6 to th dport map @redirect6"
        ];
      }
    ];
  };

  # Without these rules, a service could build packets itself.
  privileges = [
    "property:capability-bounds"
    "property:private-users"
  ];

  output = { enforceDns, hostLink }: {
    name = "output";
    hook = "type filter hook output priority filter;";
    policy = "drop";
    besides = privileges;
    rules =
      (if hostLink == null then [ ] else link.loopback)
      ++ [
        { text = [ ''oifname "lo" accept'' ]; }
      ]
      ++ (if hostLink == null then [ ] else link.output)
      ++ (
        if enforceDns then
          [
            {
              name = "output-dns";
              guards = "look-ups when the tunnel has no resolver to redirect them to";
              besides = [ "nft:dns-redirect" ];
              text = [
                "meta nfproto ipv4 meta l4proto { tcp, udp } th dport 53 ip daddr != @resolver4 drop"
                "meta nfproto ipv6 meta l4proto { tcp, udp } th dport 53 ip6 daddr != @resolver6 drop"
              ];
            }
          ]
        else
          [ ]
      )
      ++ [
        {
          # The first packet of such a connection passed the rules below, which look at its destination, and all of its
          # packets have the same. The source is checked again, because the tunnel may have got another address since.
          text = [
            "${wg} ${begun} ip saddr @address4 accept"
            "${wg} ${begun} ip6 saddr @address6 accept"
          ];
        }
        {
          name = "output-multicast";
          guards = "announcements to the network at the tunnel's far end";
          text = [ "fib daddr type { broadcast, multicast } drop" ];
        }
        {
          name = "output-link-local";
          guards = "what is meant for a neighbour: a tunnel has none, and its far end would get it";
          text = [ "ip6 daddr fe80::/10 drop" ];
        }
        {
          name = "output-source";
          guards = "packets with another source address than the tunnel's";
          besides = privileges;
          text = [
            "${wg} ip saddr @address4 accept"
            "${wg} ip6 saddr @address6 accept"
          ];
          otherwise = [ "${wg} accept" ];
        }
      ];
  };

  fromTunnel = ''iifname "${names.interface}"'';

  # Ports of the tunnel, by protocol: as a set has them, and as rules do.
  elements =
    protocol: opened:
    map (number: "${protocol} . ${toString number}") (filter (port: !ports.isRange port) opened);
  ranges =
    protocol: opened: map (range: range // { inherit protocol; }) (filter ports.isRange opened);

  fromRange =
    { protocol, ... }@range:
    let
      dport = "${protocol} dport ${ports.text { inherit (range) from to; }}";
    in
    [
      "${fromTunnel} ip daddr @address4 ${dport} accept"
      "${fromTunnel} ip6 daddr @address6 ${dport} accept"
    ];

  input =
    {
      forwarding,
      # as `elements`, and as `ranges`
      tunnelPorts,
      tunnelRanges,
      hostLink,
    }:
    {
      name = "input";
      hook = "type filter hook input priority filter;";
      policy = "drop";
      rules = [
        {
          # Over IPv4 the kernel drops these packets itself. The first rule, because to the next one such a packet
          # belongs to a connection between services.
          name = "own-source";
          guards = "services, against a far end or a link's client that sends from the namespace's own address";
          text = [ ''iifname != "lo" fib saddr type local drop'' ];
        }
        { text = [ "${fromTunnel} ct state established,related accept" ]; }
        { text = [ ''iifname "lo" accept'' ]; }
      ]
      ++ (
        if forwarding then
          [
            {
              name = "forwarded-port";
              guards = "every port of the service's but the one that the tunnel's far end was asked for";
              text = [ "${fromTunnel} ip daddr @address4 meta l4proto . th dport @forwarded accept" ];
              otherwise = [ "${fromTunnel} accept" ];
            }
          ]
        else
          [ ]
      )
      ++ (
        if tunnelPorts == [ ] then
          [ ]
        else
          [
            {
              name = "tunnel-ports";
              guards = "every port of the services' but those that were named, against the tunnel's far end";
              text = [
                "${fromTunnel} ip daddr @address4 meta l4proto . th dport @tunnel_ports accept"
                "${fromTunnel} ip6 daddr @address6 meta l4proto . th dport @tunnel_ports accept"
              ];
              otherwise = [ "${fromTunnel} accept" ];
            }
          ]
      )
      ++ (
        if tunnelRanges == [ ] then
          [ ]
        else
          [
            {
              name = "tunnel-ranges";
              guards = "ports of the services beyond a range that was named, against the tunnel's far end";
              text = concatMap fromRange tunnelRanges;
              otherwise = concatMap (range: fromRange (range // { to = 65535; })) tunnelRanges;
            }
          ]
      )
      ++ (if hostLink == null then [ ] else link.input hostLink.ends hostLink.listeners);
    };

  forward = {
    name = "forward";
    hook = "type filter hook forward priority filter;";
    policy = "drop";
    besides = [ "sysctl:net.ipv4.ip_forward" ];
    rules = [ ];
  };

  # Every packet of the host passes this chain, so it has one look-up for all tunnels, and none for packets without a mark.
  pins = {
    name = "output";
    hook = "type filter hook output priority filter;";
    rules = [
      {
        text = [
          "meta mark 0 accept"
          "meta mark vmap @pins"
        ];
      }
      {
        # for all tunnels, also those whose fwMark is chosen
        name = "marks";
        guards = "encrypted packets to another address when somebody has emptied the map of pins or the tunnel's chain";
        besides = [ "nft:own-marks" ];
        text = [ "meta mark @marks drop" ];
      }
      {
        name = "own-marks";
        guards = "encrypted packets to another address when somebody has emptied the set of marks as well";
        text = [ "${names.ownMark} drop" ];
      }
    ];
  };

  # While a chain leads to this one, it cannot be deleted, so the runtime sees that the table is in use.
  counted = {
    name = "counted";
    rules = [ ];
  };

  pin = namespace: {
    name = names.pinChain namespace;
    rules = [
      { text = [ "jump counted" ]; }
      {
        name = "endpoint-pin";
        guards = "encrypted packets to an address that a peer or a changed configuration chose";
        text = [
          "ip daddr . udp dport @${names.pinSet 4 namespace} accept"
          "ip6 daddr . udp dport @${names.pinSet 6 namespace} accept"
          "drop"
        ];
        otherwise = [ "accept" ];
      }
    ];
  };
in
{
  # Inside the namespace: output only through the tunnel and from its addresses, input only as configured.
  namespace =
    {
      enforceDns,
      forwarding,
      tunnelPorts,
      # null, or { ends, listeners } as ./host-link.nix has them
      hostLink,
    }:
    let
      opened = of: of "tcp" tunnelPorts.tcp ++ of "udp" tunnelPorts.udp;
      single = opened elements;
    in
    table "nsguard" (
      [
        "set address4 { type ipv4_addr; }"
        "set address6 { type ipv6_addr; }"
        "set resolver4 { type ipv4_addr; }"
        "set resolver6 { type ipv6_addr; }"
        "map redirect4 { type inet_service : ipv4_addr; }"
        "map redirect6 { type inet_service : ipv6_addr; }"
        "set forwarded { type inet_proto . inet_service; flags timeout; }"
      ]
      ++ map (ports: "set tunnel_ports { type inet_proto . inet_service; elements = { ${ports} }; }") (
        if single == [ ] then [ ] else [ (builtins.concatStringsSep ", " single) ]
      )
      ++ map chain [
        redirect
        (output { inherit enforceDns hostLink; })
        (input {
          inherit forwarding hostLink;
          tunnelPorts = single;
          tunnelRanges = opened ranges;
        })
        forward
      ]
    );

  # On the host: encrypted packets of the tunnel go to its endpoints only, even if a peer moves. All tunnels have one
  # table; the runtime leads packets with the tunnel's mark to its chain.
  host =
    namespace:
    table names.pinsTable [
      "map pins { type mark : verdict; }"
      "set marks { type mark; }"
      "set ${names.pinSet 4 namespace} { type ipv4_addr . inet_service; }"
      "set ${names.pinSet 6 namespace} { type ipv6_addr . inet_service; }"
      (chain counted)
      (chain (pin namespace))
      (chain pins)
    ];

  # On the host: only published ports use the link.
  link =
    { namespace, ... }@it:
    table (names.hostLinkTable namespace) (
      # Address families in which the host forwards only because of links.
      [ "set closed { type nf_proto; }" ] ++ map chain (link.host it)
    );

  # On the host: which clients reach published ports. listeners: those whose ports name their clients
  clients =
    { namespace, listeners }: table (names.clientsTable namespace) (chain (clients listeners));

  protections =
    let
      hostLink = {
        ends = rec {
          host = {
            v4 = "";
            v6 = "";
          };
          namespace = host;
        };
        listeners = [ ];
      };
    in
    listed "nft" (
      guards (
        [
          redirect
          (output {
            enforceDns = true;
            inherit hostLink;
          })
          (input {
            forwarding = true;
            tunnelPorts = elements "tcp" [ 1 ];
            tunnelRanges = ranges "tcp" [
              {
                from = 2;
                to = 3;
              }
            ];
            inherit hostLink;
          })
          forward
          pins
          (pin "")
          (clients [ ])
        ]
        ++ link.host (hostLink // { namespace = ""; })
      )
    );
}
