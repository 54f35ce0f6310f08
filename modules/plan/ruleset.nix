# The two nftables rulesets, as data and as text (nft(8)).
# The text is closed as it stands: the runtime only puts elements into the sets, in the same transaction.
# A rule that guards something has a name, so that a test can take it away and see what it was for;
# `otherwise` is what stands in its place then.
{ names, without }:
let
  inherit (builtins)
    concatMap
    concatStringsSep
    elem
    filter
    isList
    listToAttrs
    ;
  inherit (import ./protections.nix { inherit without; }) listed;

  removed = name: elem "nft:${name}" without;

  text = rule: if rule ? name && removed rule.name then rule.otherwise or [ ] else rule.text;

  chain =
    {
      name,
      hook,
      rules,
      policy ? "accept",
      besides ? [ ],
    }:
    [
      "  chain ${name} {"
      "    ${hook} policy ${if removed "${name}-policy" then "accept" else policy};"
    ]
    ++ map (line: "    ${line}") (concatMap text rules)
    ++ [ "  }" ];

  # Replacing a table is the runtime's part: deleting the old one costs time where there is none.
  table =
    name: lines:
    concatStringsSep "\n" (
      [ "table inet ${name} {" ]
      ++ concatMap (line: if isList line then line else [ "  ${line}" ]) lines
      ++ [ "}" ]
    )
    + "\n";

  wg = ''oifname "${names.interface}"'';

  redirect = {
    name = "dns";
    # dstnat by its number: nft before 1.0.7 knows the name in prerouting alone.
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

  # Without these a service could make packets by hand.
  privileges = [
    "property:capability-bounds"
    "property:private-users"
  ];

  output = enforce: {
    name = "output";
    hook = "type filter hook output priority filter;";
    policy = "drop";
    besides = privileges;
    rules = [
      { text = [ ''oifname "lo" accept'' ]; }
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
    ]
    ++ (
      if enforce then
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

  port = protocol: number: "${protocol} . ${toString number}";

  input = { forwarding, tunnelPorts }: {
    name = "input";
    hook = "type filter hook input priority filter;";
    policy = "drop";
    rules = [
      { text = [ ''iifname "lo" accept'' ]; }
      { text = [ "${fromTunnel} ct state established,related accept" ]; }
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
    );
  };

  forward = {
    name = "forward";
    hook = "type filter hook forward priority filter;";
    policy = "drop";
    besides = [ "sysctl:net.ipv4.ip_forward" ];
    rules = [ ];
  };

  pin = mark: {
    name = "output";
    hook = "type filter hook output priority filter;";
    rules = [
      {
        name = "endpoint-pin";
        guards = "encrypted packets to an address that a peer or a changed configuration chose";
        text = [
          "meta mark ${mark} ip daddr . udp dport @endpoint4 accept"
          "meta mark ${mark} ip6 daddr . udp dport @endpoint6 accept"
          "meta mark ${mark} drop"
        ];
      }
    ];
  };
in
{
  # Inside the namespace: out only by the tunnel and only from its addresses, in only what was asked for.
  namespace =
    {
      enforceDns,
      forwarding,
      tunnelPorts,
    }:
    let
      ports = map (port "tcp") tunnelPorts.tcp ++ map (port "udp") tunnelPorts.udp;
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
        if ports == [ ] then [ ] else [ (concatStringsSep ", " ports) ]
      )
      ++ map chain [
        redirect
        (output enforceDns)
        (input {
          inherit forwarding;
          tunnelPorts = ports;
        })
        forward
      ]
    );

  # On the host: encrypted packets of the tunnel go to its endpoints and nowhere else, whatever a peer's packets say.
  host =
    { namespace, fwMark }:
    table (names.hostTable namespace) [
      "set endpoint4 { type ipv4_addr . inet_service; }"
      "set endpoint6 { type ipv6_addr . inet_service; }"
      (chain (pin fwMark))
    ];

  protections =
    let
      chains = [
        redirect
        (output true)
        (input {
          forwarding = true;
          tunnelPorts = [ (port "tcp" 1) ];
        })
        forward
        (pin "0")
      ];
      named = filter (part: part ? guards) (concatMap (c: c.rules) chains);
      closed = map (c: {
        name = "${c.name}-policy";
        guards = "what no rule of the chain ${c.name} speaks of";
        besides = c.besides or [ ];
      }) (filter (c: c.policy or "accept" == "drop") chains);
    in
    listed "nft" (
      listToAttrs (
        map (part: {
          inherit (part) name;
          value = part;
        }) (named ++ closed)
      )
    );
}
