# What a confined service names and will not find, or not be able to do: warnings, each with the lines that mend it.
{ named }:
let
  inherit (builtins)
    attrValues
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    foldl'
    head
    isList
    isString
    match
    split
    toJSON
    ;
  inherit (import ../combine.nix)
    commands
    toList
    words
    ;
  binds = import ../confinement/binds.nix;
  paths = import ../confinement/paths.nix;

  unique = foldl' (list: item: if elem item list then list else list ++ [ item ]) [ ];

  strings = value: filter isString (map (v: if isString v then v else "") (toList value));

  # Paths in a text that lie where a service has its own or an empty directory.
  hiddenIn =
    text:
    map (found: elemAt found 1) (
      filter isList (
        split "(^|[^A-Za-z0-9._/-])((/var)?/(run|home|root)/[A-Za-z0-9._@+/-]*[A-Za-z0-9_@+-])" (
          binds.spelt text
        )
      )
    );

  # What every service sees below /run.
  seen = "/run/(current-system|opengl-driver|nsguard|credentials|systemd/(notify|journal))(/.*)?";

  # As far as a whole directory of another unit goes; secrets one by one.
  unitOf =
    path:
    if match paths.harmless path != null || match "/run/.*" path == null then
      path
    else
      "/run/${head (match "/run/([^/]+).*" path)}";

  mayBind = path: match paths.reopened path == null && match paths.home path == null;

  namesOf =
    service:
    let
      config = service.serviceConfig;
      environment = attrValues (service.environment or { }) ++ strings (config.Environment or null);
      texts =
        filter isString environment
        ++ concatMap (property: strings (config.${property} or null)) (
          commands
          ++ [
            "ReadOnlyPaths"
            "ReadWritePaths"
            "WorkingDirectory"
            "RootDirectory"
          ]
        )
        ++ service.scripts or [ ];
      dropped = property: (binds.sorted service (config.${property} or null)).hidden or [ ];
    in
    unique (
      map binds.plain (
        concatMap hiddenIn texts ++ map binds.source (dropped "BindPaths" ++ dropped "BindReadOnlyPaths")
      )
    );

  hiddenFrom =
    service:
    let
      homes = service.hardening.hiddenHomes or true;
      visible = binds.visible service;
    in
    filter (
      path:
      match seen path == null
      && (homes || match "/(home|root)/.*" path == null)
      && filter (directory: binds.within path directory) visible == [ ]
      # A home itself is there, and empty.
      && match paths.home path == null
    ) (namesOf service);

  list = items: "[ ${concatStringsSep " " (map toJSON items)} ]";

  # The unit that makes a directory below /run, where the configuration has it.
  maker = makers: path: makers.${head (match "/run/([^/]+).*" path)} or null;

  ofPaths =
    makers: name: service:
    let
      where = named "services" name;
      hidden = hiddenFrom service;
      devices = filter (path: match "/dev/.*" path != null) hidden;
      wrappers = filter (path: match "/run/wrappers(/.*)?" path != null) hidden;
      bindable = filter (path: mayBind path && !elem path wrappers && !elem path devices) hidden;
      closed = filter (path: !mayBind path) hidden;
      lines = unique (map unitOf bindable);
      others = unique (
        filter (unit: unit != null && unit != name) (
          map (path: if match "/run/.*" path == null then null else maker makers path) lines
        )
      );
      unordered = filter (
        unit: !elem "${unit}.service" (service.after or [ ] ++ words (service.unitConfig.After or null))
      ) others;
    in
    (
      if bindable == [ ] then
        [ ]
      else
        [
          "${where}: ${concatStringsSep ", " bindable} ${
            if builtins.length bindable == 1 then "is" else "are"
          } hidden from the service, which names ${
            if builtins.length bindable == 1 then "it" else "them"
          }; to let in what exists, set ${where}.nsguard.bindPaths = ${list lines};${
            if unordered == [ ] then
              ""
            else
              " and, for what another unit makes, ${where}.after = ${
                 list (map (unit: "${unit}.service") unordered)
               };"
          }"
        ]
    )
    ++ (
      if devices == [ ] then
        [ ]
      else
        [
          "${where}: ${concatStringsSep ", " devices} ${
            if builtins.length devices == 1 then "is a device" else "are devices"
          } that the service does not see; set ${where}.nsguard.devices = ${list devices};"
        ]
    )
    ++ (
      if wrappers == [ ] then
        [ ]
      else
        [
          "${where}: ${concatStringsSep ", " wrappers}: set-uid programs are hidden, and give a confined service no privileges; use the program of the package itself, or leave the service unconfined"
        ]
    )
    ++ (
      if closed == [ ] then
        [ ]
      else
        [
          "${where}: ${concatStringsSep ", " closed} leads to what works outside the namespace, and stays hidden; for the system bus there is ${where}.nsguard.dbus.system"
        ]
    );

  # systemd looks for it on the host, and the service writes it to a /run of its own.
  ofPidFile =
    name: service:
    let
      where = named "services" name;
      file = service.serviceConfig.PIDFile or null;
      path =
        if !isString file then
          ""
        else
          binds.plain (if match "[/%].*" file == null then "/run/${file}" else file);
      base = head (match ".*/([^/]*)" path);
    in
    if
      path == ""
      || match "/run/.*" path == null
      || filter (visible: binds.within path visible) (binds.visible service) != [ ]
    then
      [ ]
    else
      [
        "${where}.serviceConfig.PIDFile: ${toJSON path} is in a /run of the service's own, where systemd does not look; have the program write it to a directory of its own: ${where}.serviceConfig = { RuntimeDirectory = ${toJSON name}; PIDFile = lib.mkForce ${toJSON "/run/${name}/${base}"}; };"
      ];

  # Of those that a module asks for; ports below 1024 are free to everybody in a namespace.
  ofCapabilities =
    name: service:
    let
      where = named "services" name;
      config = service.serviceConfig;
      asked =
        property:
        let
          said = words (config.${property} or null);
        in
        if said == [ ] || match "~.*" (toString (head said)) != null then
          [ ]
        else
          filter (c: isString c && match "CAP_.*" c != null) said;
      lost = filter (c: c != "CAP_NET_BIND_SERVICE" && !elem c service.capabilities) (
        unique (asked "AmbientCapabilities" ++ asked "CapabilityBoundingSet")
      );
      ofNetwork = filter (
        c:
        elem c [
          "CAP_NET_ADMIN"
          "CAP_NET_RAW"
        ]
      ) lost;
      others = filter (c: !elem c ofNetwork) lost;
    in
    (
      if ofNetwork == [ ] then
        [ ]
      else
        [
          "${where}: ${concatStringsSep ", " ofNetwork} ${
            if builtins.length ofNetwork == 1 then "is" else "are"
          } taken away, and no option gives ${
            if builtins.length ofNetwork == 1 then "it" else "them"
          } back: a service that sets up networks or reads packets does not work in a namespace; leave it unconfined if it needs that"
        ]
    )
    ++ (
      if others == [ ] then
        [ ]
      else
        [
          "${where}: ${concatStringsSep ", " others} ${
            if builtins.length others == 1 then "is" else "are"
          } taken away; if the service needs ${
            if builtins.length others == 1 then "it" else "them"
          }, set ${where}.nsguard.capabilities = ${list (service.capabilities ++ others)};"
        ]
    );

  ofUser =
    name: service:
    let
      where = named "services" name;
      config = service.serviceConfig;
      becomes = filter (
        c:
        elem c [
          "CAP_SETUID"
          "CAP_SETGID"
        ]
      ) service.capabilities;
    in
    if becomes == [ ] then
      [ ]
    else if
      elem (toString (config.User or "")) [
        "root"
        "0"
      ]
    then
      [
        "${where}.serviceConfig.User: with \"root\" said, systemd takes ${concatStringsSep ", " becomes} from the service, whatever nsguard.capabilities says; leave it unsaid: ${where}.serviceConfig.User = lib.mkForce null;"
      ]
    else if elem "CAP_SETGID" becomes && service.systemdVersion or 258 < 258 then
      [
        "${where}: systemd before 258 denies setgroups(2) to a service in users of its own, so a daemon that starts as root and becomes another user fails; let systemd start it as that user: ${where}.serviceConfig.User = \"…\";"
      ]
    else
      [ ];
in
{
  # makers: directory below /run -> the service that makes it; name, service -> warnings
  warnings =
    makers: name: service:
    ofPaths makers name service
    ++ ofPidFile name service
    ++ ofCapabilities name service
    ++ ofUser name service;
}
