# The rules of the host link, as data. The host begins every connection over the link, the namespace begins none.
# Connection tracking alone does not tell who began: it knows a connection by its addresses, and a packet over lo may
# begin one whose answers would leave by the link. So the rules mark a connection when its first packet enters by the
# link, and let only answers of such a connection leave by it. No packet can carry that mark, and no service has the
# capability to set it (CAP_NET_ADMIN).
{ names }:
let
  inherit (builtins) filter;
  inherit (import ../combine.nix) sorted;

  ports = import ./ports.nix;

  inside = names.hostLinkInside;

  ranged = filter (listener: listener.to == null);
  single = filter (listener: listener.to != null);

  # The upper ends of ranges, both where destinations are translated and where packets come in; without it, they are
  # open.
  limit = {
    name = "link-ranges";
    guards = "ports of the services beyond a range that is published, against host and network";
  };
  endless =
    listener:
    listener
    // {
      ports = listener.ports // {
        to = 65535;
      };
    };

  # Messages that tell the ends of a connection why its packets do not arrive.
  errors =
    matching:
    let
      accept = types: "${matching} ct state related ${types} accept";
    in
    [
      (accept "icmp type { destination-unreachable, time-exceeded, parameter-problem }")
      (accept "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem }")
    ];

  answers = "ct direction reply ct state established accept";

  ip = { family, ... }: if family == 4 then "ip" else "ip6";

  to = { family, ... }: ends: if family == 4 then ends.v4 else ends.v6;

  # Matches the packets for a listener.
  asked =
    listener:
    let
      everywhere = if listener.family == 4 then "127.0.0.0/8" else "{ ::1, fe80::/10 }";
    in
    (
      if listener.any then
        "fib daddr type local ${ip listener} daddr != ${everywhere}"
      else
        "${ip listener} daddr ${listener.address}"
    )
    + " ${listener.protocol} dport ${ports.text listener.ports}";

  # A range keeps its numbers.
  dnat =
    ends: listener:
    asked listener
    + (
      if listener.to == null then
        " dnat ${ip listener} to ${to listener ends.namespace}"
      else if listener.family == 4 then
        " dnat ip to ${ends.namespace.v4}:${toString listener.to}"
      else
        " dnat ip6 to [${ends.namespace.v6}]:${toString listener.to}"
    );

  # Matches the listener's address as the first packet of the connection had it.
  snat =
    ends: listener:
    "meta nfproto ${if listener.family == 4 then "ipv4" else "ipv6"} meta l4proto ${listener.protocol}"
    + (if listener.any then "" else " ct original ${ip listener} daddr ${listener.address}")
    + " ct original proto-dst ${ports.text listener.ports} snat ${ip listener} to ${to listener ends.host}";

  # "udp . 53", … of listeners, each once
  each =
    listeners: sorted (map (listener: "${listener.protocol} . ${toString listener.to}") listeners);

  range = listener: "${listener.protocol} dport ${ports.text listener.ports}";

  # Accepts what enters by the link at the namespace's addresses and matches one of the texts.
  entering =
    ends:
    builtins.concatMap (matching: [
      ''iifname "${inside}" ip daddr ${ends.namespace.v4} ${matching} accept''
      ''iifname "${inside}" ip6 daddr ${ends.namespace.v6} ${matching} accept''
    ]);
in
{
  # In the namespace: rules of its chains input and output.
  input = ends: listeners: [
    { text = [ ''iifname "${inside}" ct state new ct mark set ${names.hostLinkMark}'' ]; }
    {
      name = "link-input";
      guards = "every port of the services but those that are published, against host and network";
      besides = [
        "nft:link-forward-in"
        "nft:link-forward-others"
      ];
      text =
        entering ends (
          if single listeners == [ ] then
            [ ]
          else
            [ "meta l4proto . th dport { ${builtins.concatStringsSep ", " (each (single listeners))} }" ]
        )
        ++ (if listeners == [ ] then [ ] else errors ''iifname "${inside}"'');
      otherwise = [ ''iifname "${inside}" accept'' ];
    }
    (
      limit
      // {
        text = entering ends (map range (ranged listeners));
        otherwise = entering ends (map (listener: range (endless listener)) (ranged listeners));
      }
    )
  ];

  # In the namespace's chain output, before the rule that accepts lo.
  loopback = [
    {
      name = "link-loopback";
      guards = "a connection over lo from a foreign address: what answers it would leave by the host link";
      besides = [ "nft:link-entered" ];
      text = [ ''oifname "lo" fib saddr type != local drop'' ];
    }
  ];

  output = [
    {
      name = "link-entered";
      guards = "packets over the host link that pass for answers in a connection which began over lo";
      text = [ ''oifname "${inside}" ct mark != ${names.hostLinkMark} drop'' ];
    }
    {
      name = "link-output";
      guards = "what a service begins over the host link, to the host, to its network and beyond";
      besides = [
        "nft:link-entered"
        "nft:link-forward-out"
        "nft:link-host-input"
      ];
      text = [ ''oifname "${inside}" ${answers}'' ];
      otherwise = [ ''oifname "${inside}" accept'' ];
    }
  ];

  # On the host: { namespace, ends, listeners } -> chains
  host =
    {
      namespace,
      ends,
      listeners,
    }:
    let
      link = names.hostLink namespace;
    in
    [
      {
        name = "prerouting";
        hook = "type nat hook prerouting priority dstnat;";
        rules =
          let
            arriving = map (listener: ''iifname != "${link}" ${dnat ends listener}'');
          in
          [
            { text = arriving (single listeners); }
            (
              limit
              // {
                text = arriving (ranged listeners);
                otherwise = arriving (map endless (ranged listeners));
              }
            )
          ];
      }
      {
        # Not in the forward hook: before it, a router sends redirects.
        name = "arriving";
        hook = "type filter hook prerouting priority filter;";
        rules = [
          {
            name = "link-forward-others";
            # A host that forwards because of the link would forward these as well.
            guards = "the tunnel's address and others, to which the host would forward for its network";
            text = [
              ''iifname "${names.hostLinkPrefix}*" accept''
              "ct status dnat accept"
              "meta nfproto @closed fib daddr type != { local, broadcast, anycast, multicast } drop"
            ];
          }
        ];
      }
      {
        name = "output";
        # dstnat by its number: nft before 1.0.7 knows the name in prerouting alone.
        hook = "type nat hook output priority -100;";
        rules = [ { text = map (dnat ends) listeners; } ];
      }
      {
        name = "postrouting";
        hook = "type nat hook postrouting priority srcnat;";
        rules = [
          {
            text = map (listener: ''oifname "${link}" ${snat ends listener}'') (
              filter (listener: !listener.keepSource) listeners
            );
          }
        ];
      }
      {
        name = "input";
        hook = "type filter hook input priority filter;";
        rules = [
          {
            name = "link-host-input";
            guards = "what a service begins over the host link, to the host itself";
            # Only link-input would accept an answer to a connection that the service began.
            besides = [
              "nft:link-output"
              "nft:link-input"
            ];
            text = [
              ''iifname "${link}" ${answers}''
              ''iifname "${link}" drop''
            ];
          }
        ];
      }
      {
        name = "forward";
        hook = "type filter hook forward priority filter;";
        rules = [
          {
            name = "link-forward-out";
            guards = "what a service begins over the host link, to the host's network and beyond";
            besides = [ "nft:link-output" ];
            text = [
              ''iifname "${link}" ${answers}''
              ''iifname "${link}" drop''
            ];
          }
          {
            name = "link-forward-in";
            guards = "the namespace's address on the link, and published ports at other addresses, against the network";
            # This guard is missing on a host that forwards anyway.
            besides = [ "nft:link-forward-others" ];
            text = [
              ''oifname "${link}" ct direction original ct status dnat accept''
            ]
            ++ errors ''oifname "${link}"''
            ++ [ ''oifname "${link}" drop'' ];
          }
        ];
      }
    ];
}
