# What is wrong with published ports, host links and ports of tunnels -> problems
{ namespaces, hostLinks }:
let
  inherit (builtins)
    attrNames
    concatMap
    elemAt
    filter
    genList
    head
    length
    match
    toJSON
    ;
  inherit (import ../network/addresses.nix) isFirst network;
  inherit (import ../network/listen.nix) overlap parse;
  ports = import ../network/ports.nix;
  inherit (import ./problem.nix)
    isPort
    malformed
    misnamed
    unset
    ;
  rangeProblems = import ./port-range.nix;

  published = concatMap (
    ns:
    map (name: {
      inherit name ns;
      where = "nsguard.namespaces.${ns}.publish.${name}";
      port = namespaces.${ns}.publish.${name};
    }) (attrNames namespaces.${ns}.publish)
  ) (attrNames namespaces);

  # Every address that something listens on, without the malformed ones.
  listeners = filter (listener: listener.at != null) (
    concatMap (
      { where, port, ... }:
      map (text: {
        inherit where text;
        inherit (port) protocol;
        at = parse text;
      }) port.listen
    ) published
  );

  # The earlier listeners that a listener collides with. The later of two is reported.
  taken =
    i:
    let
      it = elemAt listeners i;
    in
    filter (other: other.protocol == it.protocol && overlap other.at it.at) (
      genList (elemAt listeners) i
    );

  clash =
    i:
    let
      it = elemAt listeners i;
      other = head (taken i);
    in
    {
      when = taken i != [ ];
      where = "${it.where}.listen";
      what = "${toJSON it.text} overlaps with ${other.where} (${toJSON other.text}), and only one can listen there";
      fix = "choose another port or address";
    };

  # A port inside in the form of `ports.range`; null if it is malformed.
  inside =
    port:
    if ports.isRange port.port then
      if rangeProblems.isMalformed port.port then null else port.port
    else if isPort port.port then
      ports.range port.port
    else
      null;

  # A range keeps its numbers, and a proxy leads to one port.
  rangedProblems =
    where: ns: port:
    let
      target = inside port;
      ranged = target != null && ports.isRange port.port;
      # the well-formed entries: text, and where it listens
      placed = filter (it: it.at != null) (
        map (text: {
          inherit text;
          at = parse text;
        }) port.listen
      );
      rewritten = text: range: ''write "${hostLinks.withoutPort text}:${ports.text range}"'';
      problems =
        { text, at }:
        let
          reversed = at.ports.to < at.ports.from;
        in
        if at.family == "unix" then
          [
            {
              when = ranged;
              where = "${where}.listen";
              what = "${toJSON text} is one socket, and port is a range";
              fix = "remove it, or publish one port";
            }
          ]
        else
          [
            {
              when = reversed;
              where = "${where}.listen";
              what = "${toJSON text} ends before it begins";
              fix = rewritten text {
                from = at.ports.to;
                to = at.ports.from;
              };
            }
            {
              when = ranged && !reversed && at.ports != target;
              where = "${where}.listen";
              what = "${toJSON text} has other ports than the range ${ports.text target}, which keeps its numbers";
              fix = rewritten text target;
            }
            {
              when = target != null && !ranged && at.ports.from < at.ports.to;
              where = "${where}.listen";
              what = "${toJSON text} is a range, and port is ${toString port.port}";
              fix = "set port = { from = ${toString at.ports.from}; to = ${toString at.ports.to}; };";
            }
          ];
    in
    concatMap problems placed
    ++ [
      {
        when =
          ranged
          && length placed == length port.listen
          && hostLinks.isProxied port
          && ports.width target > widest;
        where = "${where}.port";
        what =
          "the range ${ports.text target} has ${toString (ports.width target)} ports,"
          + " and proxies pass on ${toString widest} at most";
        fix =
          if port.keepSource then
            "narrow it, or name in listen only addresses of the host's other than loopback, and not 0.0.0.0 or [::]"
          else if filter near port.listen == port.listen then
            "narrow it, or name an address of the host's in listen and set keepSource = true; with"
            + " nsguard.namespaces.${ns}.hostLink.enable = true;"
          else
            "narrow it, or set keepSource = true; with nsguard.namespaces.${ns}.hostLink.enable = true;"
            + " and name no loopback address";
      }
    ];

  # Each port of a range is a socket and a service.
  widest = 64;

  near = text: parse text != null && hostLinks.local { at = parse text; };

  isNetwork = range: match "[^/]+(/(0|[1-9][0-9]{0,2}))?" range != null && network range != null;

  # Addresses in `listen` whose address family no network in `from` has.
  deaf =
    port:
    filter (
      text:
      let
        at = parse text;
        isOf = range: (match ".*:.*" range != null) == (at.family == 6);
      in
      at != null && !near text && filter isOf port.from == [ ]
    ) port.listen;

  clientProblems =
    where: port:
    [
      {
        when = port.from == [ ];
        inherit where;
        what = "the list is empty, so only this host could connect";
        fix = "list networks, such as [ \"192.168.1.0/24\" ], or listen at loopback addresses only";
      }
      {
        when = port.from != [ ] && port.listen != [ ] && filter near port.listen == port.listen;
        inherit where;
        what = "it does not apply to loopback addresses and paths, and listen has no others";
        fix = "remove it";
      }
    ]
    ++ concatMap (range: [
      {
        when = !isNetwork range;
        inherit where;
        what = "${toJSON range} is malformed";
        fix = ''write it like "192.168.1.0/24", "fd00::/64" or "192.168.1.5"'';
      }
      {
        when = isNetwork range && !isFirst range;
        inherit where;
        what = "${toJSON range} is an address in a network, and not a network";
        fix = "set the bits beyond the prefix to 0, or remove the prefix to name one address";
      }
    ]) port.from
    ++ map (text: {
      when = port.from != [ ] && filter isNetwork port.from == port.from;
      inherit where;
      what = "no network in it is of the family of ${toJSON text}, so nobody would be let in there";
      fix = "add one, or remove ${toJSON text} from listen";
    }) (deaf port);

  publishProblems =
    {
      where,
      name,
      ns,
      port,
    }:
    let
      udp = port.protocol == "udp";
      listening = "${where}.listen";
    in
    [
      (misnamed where name)
      (malformed "${where}.protocol" "tcp|udp" ''"tcp" or "udp"'' port.protocol)
      {
        when = hostLinks.needs port && !namespaces.${ns}.hostLink.enable;
        where = "${where}.${if udp then "protocol" else "keepSource"}";
        what = if udp then "a proxy cannot pass on UDP" else "a proxy cannot keep the client's address";
        fix = "set nsguard.namespaces.${ns}.hostLink.enable = true;";
      }
    ]
    ++ map (text: {
      when = udp;
      where = listening;
      what = "${toJSON text} is a loopback address or a path, where UDP cannot be forwarded";
      fix =
        ''set listen = [ "192.0.2.2:${ports.text ((parse text).ports or (ports.range port.port))}" ];''
        + " with an address of the host, by which the host itself reaches the service, too";
    }) (filter near port.listen)
    ++ [
      {
        when = port.listen == [ ];
        where = listening;
        what = "the list is empty, so nothing would listen";
        fix = ''set listen = [ "127.0.0.1:9091" ];'';
      }
    ]
    ++ map (text: {
      when = parse text == null;
      where = listening;
      what = "${toJSON text} is malformed";
      fix = ''write it like "127.0.0.1:9091", "[::1]:9091" or "/run/web.sock"'';
    }) port.listen
    ++ [
      (unset "${where}.port" port.port "9091; with the port that the service listens on")
      {
        when = port.port != null && !ports.isRange port.port && !isPort port.port;
        where = "${where}.port";
        what = "${toJSON port.port} is not a port";
        fix = "set port = 9091; with the port that the service listens on";
      }
    ]
    ++ (if ports.isRange port.port then rangeProblems.of "${where}.port" port.port else [ ])
    ++ rangedProblems where ns port
    ++ (if port.from == null then [ ] else clientProblems "${where}.from" port)
    ++ [
      (malformed "${where}.mode" "0?[0-7]{3}" ''"0660"'' port.mode)
      (malformed "${where}.group" "[a-zA-Z_][a-zA-Z0-9_-]{0,30}" ''"users"'' port.group)
    ];

  tunnelPortProblems =
    ns: protocol:
    let
      where = "nsguard.namespaces.${ns}.tunnelPorts.${protocol}";
      opened = namespaces.${ns}.tunnelPorts.${protocol};
      sound = map ports.range (
        filter (port: if ports.isRange port then !rangeProblems.isMalformed port else isPort port) opened
      );
      # Two modules may open the same ports. Any other overlap is a mistake.
      others =
        i:
        filter (other: other != elemAt sound i && ports.overlap other (elemAt sound i)) (
          genList (elemAt sound) i
        );
    in
    concatMap (
      port:
      if ports.isRange port then
        rangeProblems.of where port
      else
        [
          {
            when = !isPort port;
            inherit where;
            what = "${toJSON port} is not a port";
            fix = "remove it";
          }
        ]
    ) opened
    ++ genList (i: {
      when = others i != [ ];
      inherit where;
      what = "${ports.text (elemAt sound i)} overlaps with ${ports.text (head (others i))}";
      fix = "remove one, or let the range end before the other begins";
    }) (length sound);

  isRange = range: match hostLinks.rangePattern range != null;
  ranged = filter (ns: namespaces.${ns}.hostLink.enable && isRange namespaces.${ns}.hostLink.range) (
    attrNames namespaces
  );
  hostEnd = ns: (hostLinks.ends ns namespaces.${ns}.hostLink.range).host.v4;

  sameEnd =
    ns:
    let
      others = filter (other: other < ns && hostEnd other == hostEnd ns) ranged;
    in
    {
      when = others != [ ];
      where = "nsguard.namespaces.${ns}.hostLink.range";
      what = "${hostEnd ns} would also be the host's address on the link of nsguard.namespaces.${head others}";
      fix = ''set another range, or one of two addresses: "169.254.127.0/31"'';
    };
in
concatMap publishProblems published
++ genList clash (length listeners)
++ map (
  ns:
  malformed "nsguard.namespaces.${ns}.hostLink.range" hostLinks.rangePattern
    ''"169.254.64.0/18", from /8 to /31''
    namespaces.${ns}.hostLink.range
) (attrNames namespaces)
++ map sameEnd ranged
++ builtins.concatLists (
  map (ns: tunnelPortProblems ns "tcp" ++ tunnelPortProblems ns "udp") (attrNames namespaces)
)
