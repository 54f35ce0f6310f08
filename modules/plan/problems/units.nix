# What other units of the machine would do to confined ones, by what NixOS makes of them -> messages
#   starts        full name of a socket, its text -> full name of a service -> whether it may start that service
#   joins         full name of a unit, its text -> full name of another -> whether it may share that one's namespaces
#   socketHoles   service, full name of a socket, its text -> holes
#   serviceHoles  service, its name, the full name and text of a unit -> messages
#   settings      text of a unit -> names such as "Service.User"
{
  settings,
  starts,
  joins,
  socketHoles,
  serviceHoles,
}:
# services: the confined ones; units: those of systemd.units; etc, ours: see ./etc-files.nix
{
  services,
  units,
  etc,
  ours,
}:
let
  inherit (builtins)
    any
    attrNames
    concatLists
    concatMap
    concatStringsSep
    elemAt
    filter
    head
    length
    match
    toJSON
    ;
  inherit (import ./problem.nix) messages named removed;
  dropIns = import ./drop-ins.nix;

  enabled = filter (name: units.${name}.enable or true) (attrNames units);
  isDropIn = dropIns.isDropIn units;
  option =
    name:
    let
      parts = match "(.*)[.]([a-z]+)" name;
    in
    if parts == null then "systemd.units.${name}" else named "${elemAt parts 1}s" (head parts);

  templateOf =
    name:
    let
      parts = match "([^@]+@).+([.][a-z]+)" name;
    in
    if parts == null then null else head parts + elemAt parts 1;

  confined = builtins.listToAttrs (
    map
      (name: {
        inherit name;
        value = true;
      })
      (
        concatMap (
          service:
          [ "${service}.service" ] ++ map (socket: "${socket}.socket") (attrNames services.${service}.sockets)
        ) (attrNames services)
      )
  );

  # NixOS links an alias in place of a unit of that name, and systemd takes an instance's own unit before its template.
  displaced =
    name:
    map (
      alias:
      let
        template = toString (templateOf alias);
      in
      {
        where = "${option name}.aliases";
        when = alias != name && confined ? ${alias} || template != name && confined ? ${template};
        what = "${toJSON alias} is a confined unit, and this one would run in its place";
        fix = "remove the alias";
      }
    ) units.${name}.aliases;

  # systemd would make the socket on the host, or in another namespace.
  ofSocket =
    name:
    let
      texts = dropIns.texts units name;
      mayStart = service: any (text: starts name text "${service}.service") texts;
      socket = head (match "(.*)[.]socket" name);
      others = filter (
        service:
        mayStart service
        && !services.${service}.sockets ? ${socket}
        && any (text: socketHoles services.${service} name text != [ ]) texts
      ) (attrNames services);
    in
    map (service: {
      where = "systemd.units.${toJSON name}.text";
      what =
        "the socket may start ${service}.service, which is confined,"
        + " and systemd would not make it in that service's namespace";
      fix = "define it with ${option name}, and name the service without specifiers";
    }) others;

  # Both services share their namespaces, whichever of them names the other (systemd.unit(5), JoinsNamespaceOf=).
  joining =
    name:
    let
      sharing = map (joins name) (
        filter (text: match ".*JoinsNamespaceOf.*" text != null) (dropIns.texts units name)
      );
      joined = filter (other: other != name && any (mayJoin: mayJoin other) sharing) (attrNames confined);
    in
    [
      {
        when = joined != [ ];
        where = "${option name}.unitConfig.JoinsNamespaceOf";
        what =
          "it may join ${concatStringsSep ", " joined}, which ${
            if length joined == 1 then "is" else "are"
          } confined:"
          + " the units would share their /tmp and other namespaces";
        fix = removed "${option name}.unitConfig.JoinsNamespaceOf";
      }
    ];

  # An instance's settings come after its template's. A drop-in of NixOS replaces that of a template of the same name.
  ofInstance =
    name:
    let
      template = templateOf name;
      service = head (match "(.*)[.]service" template);
      where = option name;
    in
    if !confined ? ${toString template} || confined ? ${name} then
      [ ]
    else if !isDropIn name then
      messages [
        {
          where = "${where}.overrideStrategy";
          what = "the unit would take the place of its confined template";
          fix = ''set it to "asDropin"'';
        }
      ]
    else if mayBeDropIn template then
      messages [
        {
          inherit where;
          what = "its drop-in would take the place of that of its template, which confines it";
          fix = "remove it, and set what it sets in ${option template}";
        }
      ]
    else
      [ ];

  # A packaged unit's command is replaced after a reset, and then the unit of NixOS is its drop-in.
  mayBeDropIn = name: isDropIn name || match ".*\nExecStart=\n.*" units.${name}.text != null;

  # "web-@one.service" is a drop-in of the instance "one" of all templates whose names begin alike, as "web-app@one.service"
  # is of one template. systemd reads the most specific one alone.
  ofInstances =
    name:
    let
      instance = match "[^@]*@(.+)[.]service" name;
      changed = filter (
        service:
        match ".*@" service != null
        && dropIns.chosen units "${service}${head instance}.service" == name
        && !mayBeDropIn "${service}.service"
      ) (attrNames services);
    in
    if instance == null then
      [ ]
    else
      concatMap (
        service:
        serviceHoles services.${service} service name (
          dropIns.joined units."${service}.service".text units.${name}.text
        )
      ) changed;

  ofEtc = import ./etc-files.nix {
    inherit
      etc
      ours
      units
      option
      ;
    confined = attrNames confined;
  };

  ofKind = kind: filter (name: match ".*[.]${kind}" name != null) enabled;
in
(
  if services == { } then
    [ ]
  else
    messages (
      concatMap displaced enabled
      ++ concatMap joining (
        concatMap ofKind [
          "service"
          "socket"
        ]
      )
      ++ concatMap ofSocket (ofKind "socket")
    )
    ++ concatLists (map (name: ofInstance name ++ ofInstances name) (ofKind "service"))
)
++ messages (
  ofEtc
  ++ import ./app-drop-ins.nix {
    inherit
      ours
      units
      option
      settings
      ;
  }
)
