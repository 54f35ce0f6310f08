# What is wrong with a confined service, an instance of one, and a user's service -> problems
# known: names of the configuration's services, those included that have nothing to run
# modules: names of NixOS's modules, the options below `services`; null if they are not known
{
  namespaces,
  services,
  known,
  modules,
}:
let
  inherit (builtins)
    concatMap
    filter
    match
    toJSON
    ;
  inherit (import ../combine.nix)
    isDynamic
    prefixed
    toList
    words
    ;
  inherit (import ./problem.nix)
    named
    ofDaemons
    ofSystem
    removed
    roundabout
    sharing
    unknown
    wholeHome
    ;
  nearest = import ./nearest.nix;
  inherit (import ../confinement/front.nix { tools = { }; }) inJournal unclear;
  properties = (import ../combine.nix).commands;
  mainSignal = import ../confinement/main-signal.nix;
  whyNoOwnProcesses = import ../confinement/own-processes.nix;
  binds = import ../confinement/binds.nix;
  paths = import ../confinement/paths.nix;
  exposure = import ./exposure.nix;
  inherit (import ./written.nix) isStarted;
  capabilities = import ./capabilities.nix;
  devices = import ./devices.nix;
  hidden = import ./hidden.nix;
  packaged = import ./packaged.nix;
  inherit (packaged) commandUnseen;
  busProblems = import ./bus.nix;

  commands =
    config:
    concatMap (
      property: map (command: { inherit property command; }) (toList (config.${property} or null))
    ) properties;

  texts = config: filter (it: builtins.isString it.command) (commands config);

  prefixes =
    where: remedy: config:
    map (
      { property, command }:
      {
        # nsguard-init sends the signal instead, which needs no privileges.
        when =
          prefixed "+!" command
          && (!builtins.elem property mainSignal.properties || mainSignal.read command == null);
        where = "${where}.${property}";
        what = "${toJSON command} runs with full privileges and sees the host's sockets because of its prefix";
        fix = "remove the + or !${remedy}";
      }
    ) (texts config);

  # Commands that nsguard-init cannot start.
  unstartable =
    where: at: service:
    let
      config = service.serviceConfig;
    in
    [
      {
        when = service.hardening.ownJournalConnection && commandUnseen service;
        where = "${where}.ExecStart";
        what =
          "the command is defined by a package, so nothing checks which sockets of the host systemd passes to it"
          + (if inJournal config then ", the journal's among them" else "")
          + "; such a socket tells the host's addresses";
        fix =
          "repeat the command here (ExecStart = [ \"\" \"…\" ];),"
          + " or accept that with ${at}.hardening.ownJournalConnection = false;";
      }
    ]
    ++ map (
      { property, command }:
      {
        when = unclear command;
        where = "${where}.${property}";
        what = "${toJSON command} has several commands or one for a shell, and only the first would be confined";
        fix = "write a list of commands, each of a program";
      }
    ) (texts config);

  bindPath =
    where: service: path:
    let
      wellFormed =
        match "/[^:[:space:]\"\\\\%]*(:/[^:[:space:]\"\\\\%]*)?" path != null && !roundabout path;
      reopened = match paths.reopened path != null || match "(/var)?/run/?(:.*)?" path != null;
      isHome = match "${paths.home}(:.*)?" path != null || binds.showsHome service path;
      inHome = builtins.any (binds.within (binds.source path)) service.homes.people;
      isSystem =
        match "${paths.system}(:.*)?" path != null
        && match "(/var)?/(run|tmp|lib|cache|log)/.+" path == null
        && !inHome;
    in
    if !wellFormed then
      {
        inherit where;
        what = "${toJSON path} is malformed";
        fix = ''write absolute paths without spaces and quotes, "/path" or "/path:/path/inside"'';
      }
    else if reopened then
      ofDaemons where path
    else if isHome then
      wholeHome where path
    else
      ofSystem where path // { when = isSystem || isStarted (binds.source path); };

  ofSocket =
    owner: service: name: socket:
    map (path: {
      where = named "sockets" name;
      what = "connections to ${toJSON path} are made on the host and would tell the service the host's addresses";
      fix =
        "let it listen on a port, and set"
        + " nsguard.namespaces.${owner.namespace}.publish.${name} = { listen = [ ${toJSON path} ]; port = …; };"
        + " or, if it serves programs of the host, leave it unconfined:"
        + " ${named "services" service}.nsguard.namespace = lib.mkForce null;";
    }) (exposure.withPath socket)
    ++ map (address: {
      where = named "sockets" name;
      what = "${toJSON address} reaches the whole machine, because AF_VSOCK has no network namespaces";
      fix = "let it listen on a TCP or UDP port";
    }) (exposure.ofMachine socket)
    ++ map (it: {
      where = "${named "sockets" name}.socketConfig.${it.property}";
      what = "systemd would open ${toJSON it.value} on the host, whose programs use it, too";
      fix =
        if requires owner name then
          "remove it, and let the service itself create what it needs"
        else
          "if the service works without, leave it out: ${named "sockets" name}.enable = false;"
          + (
            if match "socket|fd:.*" (toString (owner.serviceConfig.StandardInput or "")) == null then
              ""
            else
              " and, in place of input from it, ${named "services" service}.serviceConfig.StandardInput = lib.mkForce \"null\";"
          );
    }) (exposure.opened socket);

  requires =
    service: socket:
    builtins.any
      (property: builtins.elem "${socket}.socket" (words (service.unitConfig.${property} or null)))
      [
        "BindsTo"
        "Requires"
        "Requisite"
      ];

  isEmpty = service: commands service.serviceConfig == [ ] && !service.packaged;
  # Services that could be meant by the name of one that nothing defines.
  defined = filter (name: !services ? ${name} || !isEmpty services.${name}) known;

  # Units whose namespace does not confine what they run, and services that nothing defines.
  unconfinable =
    name: service:
    let
      option = named "services" name;
      where = "${option}.nsguard.namespace";
    in
    if service.container then
      {
        inherit where;
        what = "a container's unit runs a manager that needs the host, and does not confine the programs inside";
        fix = "run the program as a service of its own, or leave the unit unconfined: ${where} = lib.mkForce null;";
      }
    else if match "user@.*" name != null then
      {
        inherit where;
        what = "a user's service manager runs the whole session, and its units would stay in the host's namespace";
        fix = "confine the services themselves, or define nsguard.apps.<name>";
      }
    else if service.template != null then
      {
        inherit where;
        what = "an instance is confined as its template is";
        fix = "set ${named "services" service.template}.nsguard.namespace";
      }
    else
      {
        when = isEmpty service;
        inherit where;
        what = "nothing else defines the service ${toJSON name}, so there is nothing to confine";
        fix = defining name;
      };

  # What defines a service of this name.
  defining =
    name:
    let
      suffix = match "(.+)[.]service" name;
      # The module of an instance or a part has the name before it.
      parts = match "([A-Za-z0-9_-]+)@?.*" name;
      module = if parts == null then "" else builtins.head parts;
      isModule = if modules == null then module == name else builtins.elem module modules;
      define =
        "enable the module that defines it${
          if isModule then " (often services.${module}.enable = true;)" else ""
        }, or, if a package defines its"
        + " unit, repeat the command here: ${named "services" name}.serviceConfig.ExecStart = [ \"\" \"…\" ];";
      near = nearest name defined;
      # A module that is not enabled defines no service.
      nearModule = if isModule || modules == null then null else nearest name modules;
    in
    if suffix != null then
      "write ${named "services" (builtins.head suffix)}, without the .service that NixOS adds"
    else if near == null && nearModule == null then
      "check the spelling, ${define}"
    else
      "did you mean ${toJSON (if near == null then nearModule else near)}? If not, ${define}";

  busOwner =
    name: service:
    let
      option = named "services" name;
      config = service.serviceConfig;
      inherit (service.dbus.system) access;
      dynamic = !config ? User && isDynamic config;
    in
    [
      {
        when = (config.Type or null == "dbus" || config ? BusName) && access != "host";
        where = "${option}.serviceConfig";
        what = "the service takes a name on the system bus, which it cannot reach";
        fix =
          ''set Type = "exec" and no BusName, ''
          + ''or accept that it reaches the bus with ${option}.nsguard.dbus.system.access = "host";'';
      }
      {
        when = access == "filtered" && dynamic && match "[a-z_][a-z0-9_-]{0,30}(@.*)?" name == null;
        where = "${option}.serviceConfig.User";
        what = "the filtered bus is for one user, and ${toJSON name} is not a user name";
        fix = ''set User = "…";'';
      }
    ];
in
{
  inherit (exposure) ofService;
  inherit prefixes;

  warnings =
    makers: name: service:
    capabilities.warnings name service
    ++ devices.warnings name service
    ++ hidden.warnings makers name (capabilities.read service)
    ++ packaged.warnings name service;

  problems =
    name: service:
    let
      option = named "services" name;
      at = "${option}.nsguard";
      where = "${option}.serviceConfig";
      config = service.serviceConfig;
      whyNoOwn = whyNoOwnProcesses config;
      unit = {
        inherit where service;
        options = at;
        grants = "${at}.bindPaths";
      };
    in
    [
      (unknown "${at}.namespace" "namespace" "nsguard.namespaces" namespaces service.namespace)
      (unconfinable name service)
      {
        when = match "(/run/.*|/)?" (binds.plain (toString (config.RootDirectory or ""))) == null;
        where = "${where}.RootDirectory";
        what = "nsguard cannot replace /etc below another root, so names would be looked up as that root says";
        fix = removed "${where}.RootDirectory";
      }
      {
        when =
          config.Type or null == "forking"
          && service.hardening.ownProcesses
          && service.hardening.hiddenProcesses;
        where = "${where}.Type";
        what = "\"forking\" does not work, because each command of a confined service has process numbers of its own";
        fix =
          ''run the program in the foreground with Type = "exec" or "notify",''
          + " or accept that it can signal other processes of its user with ${at}.hardening.ownProcesses = false;";
      }
      {
        when = service.hardening.ownProcesses && service.hardening.hiddenProcesses && whyNoOwn != null;
        where = "${at}.hardening.ownProcesses";
        inherit (whyNoOwn) what;
        fix = "remove this line, or ${whyNoOwn.fix where}";
      }
    ]
    ++ concatMap (socket: ofSocket service name socket service.sockets.${socket}) (
      builtins.attrNames service.sockets
    )
    ++ [
      (
        sharing "${option}.unitConfig.JoinsNamespaceOf"
        // {
          when = toList (service.unitConfig.JoinsNamespaceOf or null) != [ ];
        }
      )
    ]
    ++ exposure.ofService unit
    ++ unstartable where at service
    ++ map (bindPath "${at}.bindPaths" service) service.bindPaths
    ++ capabilities.problems name service
    ++ devices.problems name service
    ++ busProblems "${at}.dbus.system" service.dbus.system
    ++ busOwner name service
    ++ (
      if service.allowPrivilegedCommands then
        [ ]
      else
        prefixes where ", or accept that with ${at}.allowPrivilegedCommands = true;" config
    );

  ofInstance =
    name:
    {
      template,
      properties,
      joined,
    }:
    [
      (sharing "${named "services" name}.unitConfig.JoinsNamespaceOf" // { when = joined; })
    ]
    ++ map (property: {
      when = match (import ./harmless.nix) property == null;
      where = "${named "services" name}.serviceConfig.${property}";
      what = "the setting of one instance would override its confined template";
      fix = "set it in ${named "services" template}";
    }) properties;

  ofUser = name: [
    {
      where = "${named "user.services" name}.nsguard";
      what =
        "a user's service manager may not enter the namespace,"
        + " and would start the service in the host's without an error";
      fix =
        "define ${named "services" name} with serviceConfig.User,"
        + " or nsguard.apps.<name> for a program with windows";
    }
  ];
}
