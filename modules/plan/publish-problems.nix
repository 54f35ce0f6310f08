# What is wrong with published ports and with ports of tunnels, one sentence for each.
{ namespaces, malformed }:
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
  inherit (import ./listen.nix) overlap parse;

  optional = condition: message: if condition then [ message ] else [ ];

  isPort = number: builtins.isInt number && number > 0 && number < 65536;

  published = concatMap (
    ns:
    map (name: {
      inherit name;
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
        taken = filter (other: overlap other.at place.at) (genList (elemAt places) i);
      in
      optional (taken != [ ])
        "${place.where}.listen: ${toJSON place.text} is taken by ${(head taken).where} (${toJSON (head taken).text}), and one alone can listen there; give it another port or address"
    ) (length places)
  );

  publishProblems =
    {
      where,
      name,
      it,
    }:
    optional (match "[a-zA-Z0-9][a-zA-Z0-9_-]{0,31}" name == null)
      "${where}: the name may have letters, digits, - and _, starts with a letter or digit, and has 32 characters at most; rename it"
    ++ (
      if it.protocol == "udp" then
        [
          ''${where}.protocol: "udp" cannot be passed on, since systemd-socket-proxyd takes streams alone; let it be asked over TCP: protocol = "tcp";''
        ]
      else
        malformed "${where}.protocol" "tcp" ''"tcp"'' it.protocol
    )
    ++ optional (it.listen == [ ]) ''${where}.listen: there is nothing to listen on; set listen = [ "127.0.0.1:9091" ];''
    ++ map (
      text: "${where}.listen: ${toJSON text} is malformed; write it like \"127.0.0.1:9091\", \"[::1]:9091\" or \"/run/web.sock\""
    ) (filter (text: parse text == null) it.listen)
    ++ optional (!isPort it.port)
      "${where}.port: ${toJSON it.port} is no port; set port = 9091; to the one that the service listens on"
    ++ malformed "${where}.mode" "0?[0-7]{3}" ''"0660"'' it.mode
    ++ malformed "${where}.group" "[a-zA-Z_][a-zA-Z0-9_-]{0,30}" ''"users"'' it.group;

  tunnelPortProblems =
    ns: protocol:
    map (
      number: "nsguard.namespaces.${ns}.tunnelPorts.${protocol}: ${toJSON number} is no port; remove it"
    ) (filter (number: !isPort number) namespaces.${ns}.tunnelPorts.${protocol});
in
concatMap publishProblems published
++ clashes
++ concatMap (ns: tunnelPortProblems ns "tcp" ++ tunnelPortProblems ns "udp") (attrNames namespaces)
