# Paths that a confined service names and cannot see, and what else of its unit has no effect -> warnings, in the form of
# problems
let
  inherit (builtins)
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    head
    isString
    match
    split
    toJSON
    ;
  inherit (import ../combine.nix)
    commands
    pieces
    toList
    unique
    words
    ;
  inherit (import ./problem.nix) named;
  inherit (import ./sentences.nix)
    agreed
    is
    it
    list
    sentence
    ;
  ofBackups = import ./backups.nix;
  ofHomes = import ./homes.nix;
  ofRights = import ./rights.nix;
  binds = import ../confinement/binds.nix;
  ownNames = import ../confinement/own-names.nix;
  mainSignal = import ../confinement/main-signal.nix;
  state = import ../confinement/state.nix;
  paths = import ../confinement/paths.nix;

  strings = value: filter isString (map (v: if isString v then v else "") (toList value));

  # Paths in a text below some directories, also in an address such as unix:///run/app/socket.
  pathsBelow =
    directories: text:
    map (groups: elemAt groups 2) (
      filter builtins.isList (
        split "(^|[^A-Za-z0-9._/-](//)?)((/var)?/(${directories})/[A-Za-z0-9._@+/-]*[A-Za-z0-9_@+-])" (
          binds.spelt text
        )
      )
    );

  # Where a service has its own or an empty directory.
  hiddenIn = pathsBelow "run|home|root";

  # Variables by name, each with its value: those of `environment`, and of Environment=.
  variables =
    service:
    let
      assigned =
        word:
        let
          parts = match "[\"']?([A-Za-z_][A-Za-z0-9_]*)=(.*)" word;
        in
        if parts == null then
          [ ]
        else
          [
            {
              name = head parts;
              value = elemAt parts 1;
            }
          ];
      environment = service.environment or { };
    in
    map (name: {
      inherit name;
      value = environment.${name};
    }) (builtins.attrNames environment)
    ++ concatMap assigned (
      concatMap (pieces "[[:space:]]+") (strings (service.serviceConfig.Environment or null))
    );

  # A file or socket of another program. Variables for temporary files do not count: the service has a /tmp of its own.
  inTmp =
    service:
    concatMap (
      { name, value }:
      if !isString value || match ".*(TMP|TEMP|CACHE).*" name != null then [ ] else pathsBelow "tmp" value
    ) (variables service);

  # What every service sees below /run.
  seen = "/run/(current-system|opengl-driver|nsguard|credentials|systemd/(notify|journal))(/.*)?";

  # The directory below /run that contains a path, which is another unit's. Secrets and other paths stay as they are.
  unitOf =
    path:
    if match paths.harmless path != null || match "/run/.*" path == null then
      path
    else
      "/run/${head (match "/run/([^/]+).*" path)}";

  mayBind =
    path:
    match paths.reopened path == null
    && match paths.started path == null
    && match paths.home path == null;

  # Texts in which a unit names files for its commands.
  textsOf =
    service:
    let
      config = service.serviceConfig;
      environment =
        builtins.attrValues (service.environment or { }) ++ strings (config.Environment or null);
    in
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

  namesOf =
    service:
    let
      config = service.serviceConfig;
      texts = textsOf service;
      # Directories in a person's home, inside or outside /home, and in a home that another path of /home shows.
      below =
        directories: if directories == [ ] then [ ] else state.anyBelow directories { inherit texts; };
      inPeoples = below (service.homes.people ++ below service.homes.parents);
      dropped = property: (binds.sorted service (config.${property} or null)).hidden or [ ];
    in
    unique (
      map binds.plain (
        concatMap hiddenIn texts
        ++ (if service.hardening.privateTmp or true then inTmp service else [ ])
        ++ inPeoples
        ++ map binds.source (dropped "BindPaths" ++ dropped "BindReadOnlyPaths")
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
      && match paths.home path == null
    ) (namesOf service);

  # Homes that it names as a whole. That a variable HOME has such a value is usual, and means nothing.
  homesNamed =
    service:
    let
      named = hiddenIn (
        builtins.replaceStrings [ "HOME=/" ] [ "HOME=" ] (
          concatStringsSep "\n" (
            textsOf (service // { environment = removeAttrs (service.environment or { }) [ "HOME" ]; })
          )
        )
      );
    in
    if service.hardening.hiddenHomes or true then
      unique (
        filter (path: match paths.home path != null && !binds.grants (service.bindPaths or [ ]) path) (
          map binds.plain named
        )
      )
    else
      [ ];

  # The unit that makes a directory below /run, if the configuration defines it.
  maker =
    makers: path:
    if match "/run/.*" path == null then null else makers.${head (match "/run/([^/]+).*" path)} or null;

  ofPaths =
    makers: name: service:
    let
      where = named "services" name;
      hidden = hiddenFrom service;
      devices = filter (path: match "/dev/.*" path != null) hidden;
      wrappers = filter (path: match "/run/wrappers(/.*)?" path != null) hidden;
      bindable = filter (path: mayBind path && !elem path wrappers && !elem path devices) hidden;
      closed = filter (path: !mayBind path && !elem path wrappers) hidden;
      # A warning about a path in a home says enough.
      homes = filter (home: !builtins.any (path: binds.within path home) hidden) (homesNamed service);
      lines = unique (map unitOf bindable);
      others = unique (filter (unit: unit != null && unit != name) (map (maker makers) lines));
      ordered = service.after or [ ] ++ words (service.unitConfig.After or null);
      unordered = filter (unit: !elem unit ordered) (map (unit: "${unit}.service") others);
    in
    [
      {
        when = bindable != [ ];
        inherit where;
        what = "${sentence bindable} ${is bindable} hidden from the service, which names ${it bindable}";
        fix =
          "to make ${it bindable} visible, set ${where}.nsguard.bindPaths = ${list lines};"
          + (
            if unordered == [ ] then
              ""
            else
              " and, for paths that another unit makes, ${where}.after = ${list unordered};"
          );
      }
      {
        when = homes != [ ];
        inherit where;
        what = "${sentence homes} ${is homes} hidden from the service, which names ${it homes}";
        fix =
          "name a directory in ${it homes}, which nsguard.bindPaths can show,"
          + " or, to show all homes, set ${where}.nsguard.hardening.hiddenHomes = false;";
      }
      {
        when = devices != [ ];
        inherit where;
        what = "${sentence devices} ${is devices} hidden from the service, as every device is";
        fix = "set ${where}.nsguard.devices = ${list devices};";
      }
      {
        when = wrappers != [ ];
        inherit where;
        what = "${sentence wrappers}: set-uid programs are hidden, and give a confined service no privileges";
        fix = "use the program of the package itself, or leave the service unconfined";
      }
      {
        when = closed != [ ];
        inherit where;
        what =
          "${sentence closed} ${agreed "leads" "lead" closed} to programs outside the namespace,"
          + " and ${agreed "stays" "stay" closed} hidden";
        fix = "for the system bus, use ${where}.nsguard.dbus.system";
      }
    ];

  # systemd looks for it on the host, and the service writes it to its private /run.
  ofPidFile =
    name: service:
    let
      where = named "services" name;
      file = service.serviceConfig.PIDFile or null;
      path = binds.plain (if match "[/%].*" file == null then "/run/${file}" else file);
      base = head (match ".*/([^/]*)" path);
      isVisible = filter (visible: binds.within path visible) (binds.visible service) != [ ];
    in
    [
      {
        when = isString file && file != "" && match "/run/.*" path != null && !isVisible;
        where = "${where}.serviceConfig.PIDFile";
        what = "${toJSON path} is in the private /run of the service, where systemd does not look";
        fix =
          "have the program write it to its runtime directory: ${where}.serviceConfig ="
          + " { RuntimeDirectory = ${toJSON name}; PIDFile = lib.mkForce ${toJSON "/run/${name}/${base}"}; };";
      }
    ];

  # $MAINPID is the main process's number in the host's process numbers, which the unit's other commands do not share.
  ofMainPid =
    name: service:
    let
      where = named "services" name;
      config = service.serviceConfig;
      own = service.hardening.ownProcesses && service.hardening.hiddenProcesses;
      uses = text: match ".*[$][{]?MAINPID.*" (concatStringsSep " " (strings text)) != null;
      commandsUsing = filter (
        property:
        uses (
          filter (command: mainSignal.read (toString command) == null) (toList (config.${property} or null))
        )
      ) mainSignal.properties;
    in
    [
      {
        when = own && (commandsUsing != [ ] || builtins.any uses (service.scripts or [ ]));
        inherit where;
        what =
          "$MAINPID is of no use to the service's other commands, which have process numbers of their own;"
          + " a command \"kill -HUP $MAINPID\" works, a script does not";
        fix =
          "write such a command as serviceConfig.ExecReload,"
          + " or set ${where}.nsguard.hardening.ownProcesses = false;";
      }
    ];
in
{
  # makers: directory below /run -> the service that makes it; name, service -> warnings
  warnings =
    makers: name: given:
    let
      service = ownNames.service "${name}.service" given;
    in
    ofPaths makers name service
    ++ ofHomes name service (textsOf service)
    ++ ofBackups name service
    ++ ofPidFile name service
    ++ ofMainPid name service
    ++ ofRights name service;
}
