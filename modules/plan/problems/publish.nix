# What is wrong with published ports, host links and ports of tunnels, one sentence for each.
{
  namespaces,
  malformed,
  hostLinks,
}:
let
  inherit (builtins)
    attrNames
    concatLists
    concatMap
    elemAt
    filter
    genList
    head
    length
    match
    toJSON
    ;
  inherit (import ../network/listen.nix) overlap parse;

  optional = condition: message: if condition then [ message ] else [ ];

  isPort = number: builtins.isInt number && number > 0 && number < 65536;

  published = concatMap (
    ns:
    map (name: {
      inherit name ns;
      where = "nsguard.namespaces.${ns}.publish.${name}";
      it = namespaces.${ns}.publish.${name};
    }) (attrNames namespaces.${ns}.publish)
  ) (attrNames namespaces);

  # Wherever something is listened at, of what is written well.
  places = filter (place: place.at != null) (
    concatMap (
      { where, it, ... }:
      map (text: {
        inherit where text;
        inherit (it) protocol;
        at = parse text;
      }) it.listen
    ) published
  );

  # Said once, by the later of two.
  clashes = concatLists (
    genList (
      i:
      let
        place = elemAt places i;
        taken = filter (other: other.protocol == place.protocol && overlap other.at place.at) (
          genList (elemAt places) i
        );
      in
      optional (taken != [ ])
        "${place.where}.listen: ${toJSON place.text} is taken by ${(head taken).where} (${toJSON (head taken).text}), and one alone can listen there; give it another port or address"
    ) (length places)
  );

  near = text: parse text != null && hostLinks.local { at = parse text; };

  publishProblems =
    {
      where,
      name,
      ns,
      it,
    }:
    optional (match "[a-zA-Z0-9][a-zA-Z0-9_-]{0,31}" name == null)
      "${where}: the name may have letters, digits, - and _, starts with a letter or digit, and has 32 characters at most; rename it"
    ++ malformed "${where}.protocol" "tcp|udp" ''"tcp" or "udp"'' it.protocol
    ++
      optional (hostLinks.needs it && !namespaces.${ns}.hostLink.enable)
        "${where}.${
          if it.protocol == "udp" then "protocol: \"udp\"" else "keepSource"
        } takes packets, which a proxy does not pass on; set nsguard.namespaces.${ns}.hostLink.enable = true;"
    ++ map (
      text:
      ''${where}.listen: ${toJSON text} is loopback or a path, where UDP is not passed on; set listen = [ "192.0.2.2:${
        toString ((parse text).port or it.port)
      }" ]; to an address of the host's, by which the host itself reaches it as well''
    ) (if it.protocol == "udp" then filter near it.listen else [ ])
    ++ optional (
      it.listen == [ ]
    ) ''${where}.listen: there is nothing to listen on; set listen = [ "127.0.0.1:9091" ];''
    ++ map (
      text:
      "${where}.listen: ${toJSON text} is malformed; write it like \"127.0.0.1:9091\", \"[::1]:9091\" or \"/run/web.sock\""
    ) (filter (text: parse text == null) it.listen)
    ++
      optional (!isPort it.port)
        "${where}.port: ${toJSON it.port} is no port; set port = 9091; to the one that the service listens on"
    ++ malformed "${where}.mode" "0?[0-7]{3}" ''"0660"'' it.mode
    ++ malformed "${where}.group" "[a-zA-Z_][a-zA-Z0-9_-]{0,30}" ''"users"'' it.group;

  tunnelPortProblems =
    ns: protocol:
    map (
      number: "nsguard.namespaces.${ns}.tunnelPorts.${protocol}: ${toJSON number} is no port; remove it"
    ) (filter (number: !isPort number) namespaces.${ns}.tunnelPorts.${protocol});

  ranged = filter (
    ns:
    namespaces.${ns}.hostLink.enable
    && match hostLinks.rangePattern namespaces.${ns}.hostLink.range != null
  ) (attrNames namespaces);
  endOf = ns: (hostLinks.ends ns namespaces.${ns}.hostLink.range).host.v4;
  sameEnds = concatMap (
    ns:
    let
      others = filter (other: other < ns && endOf other == endOf ns) ranged;
    in
    optional (others != [ ])
      "nsguard.namespaces.${ns}.hostLink.range: ${endOf ns} would be the host's address on the link of nsguard.namespaces.${head others}, too; set range to another, or to two addresses: \"169.254.127.0/31\""
  ) ranged;
in
concatMap publishProblems published
++ clashes
++ concatMap (
  ns:
  malformed "nsguard.namespaces.${ns}.hostLink.range" hostLinks.rangePattern
    ''"169.254.64.0/18", from /8 to /31''
    namespaces.${ns}.hostLink.range
) (attrNames namespaces)
++ sameEnds
++ concatMap (ns: tunnelPortProblems ns "tcp" ++ tunnelPortProblems ns "udp") (attrNames namespaces)
