# What is wrong with a confined service, one sentence for each.
{ namespaces, oneOf }:
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    filter
    isString
    match
    substring
    toJSON
    ;
  inherit (import ../combine.nix)
    isRoot
    prefixed
    toList
    words
    yes
    ;
  properties = (import ../combine.nix).commands;
  paths = import ../confinement/paths.nix;

  optional = condition: message: if condition then [ message ] else [ ];

  inherit (import ../confinement/front.nix { tools = { }; }) inJournal unclear;

  commands =
    config:
    concatMap (
      property: map (command: { inherit property command; }) (toList (config.${property} or null))
    ) properties;

  exposure = import ./exposure.nix;

  prefixes =
    where: remedy: config:
    map (
      c:
      "${where}.${c.property}: ${toJSON c.command} runs with full privileges and sees the host's sockets because of its prefix; remove the + or !${remedy}"
    ) (filter (c: isString c.command && prefixed "+!" c.command) (commands config));

  # Whether the command is that of a unit which comes with a package, and no more than a part of it is said here.
  unseen =
    service:
    filter (command: command != "") (toList (service.serviceConfig.ExecStart or null)) == [ ]
    && (service.packaged || commands service.serviceConfig != [ ]);

  # What nsguard-init cannot stand in front of.
  fronts =
    where: at: service:
    let
      config = service.serviceConfig;
    in
    optional (service.hardening.ownJournalConnection && inJournal config && unseen service)
      "${where}.ExecStart: the command comes with a package and would write by a socket of the host, which tells its addresses; say it here again (ExecStart = [ \"\" \"…\" ];), set StandardOutput = \"null\", or accept that with ${at}.hardening.ownJournalConnection = false;"
    ++ map (
      c:
      "${where}.${c.property}: ${toJSON c.command} is more than one command, or one for a shell, and the second would not be confined as the first; write a list of commands, each of a program"
    ) (filter (c: isString c.command && unclear c.command) (commands config));

  named =
    set: name:
    "systemd.${set}.${if match "[A-Za-z_][A-Za-z0-9_-]*" name == null then toJSON name else name}";

  # Written so that a pattern would not know it.
  roundabout = path: match ".*/(/|\\.\\.?(/|:|$)).*" path != null;

  boundIn =
    where: path:
    if match "/[^:[:space:]\"\\\\%]*(:/[^:[:space:]\"\\\\%]*)?" path == null || roundabout path then
      [
        "${where}: ${toJSON path} is malformed; write absolute paths without spaces and quotes, \"/path\" or \"/path:/path/inside\""
      ]
    else if match paths.reopened path != null || match "(/var)?/run/?(:.*)?" path != null then
      [
        "${where}: binding ${toJSON path} would open a way to daemons of the host that work outside the namespace; remove it"
      ]
    else if match "${paths.home}(:.*)?" path != null then
      [
        "${where}: ${toJSON path} holds files that the session runs outside the namespace; name a directory in it"
      ]
    else
      optional
        (
          match "${paths.system}(:.*)?" path != null
          && match "(/var)?/(run|tmp|lib|cache|log)/.+" path == null
        )
        "${where}: ${toJSON path} belongs to the system, which runs what is in it outside the namespace; name a directory of data";

  device =
    where: path:
    optional (
      match "/dev/[A-Za-z0-9_/.-]+" path == null
      || roundabout path
      || match "/dev/(shm|mqueue|log|fd|pts|std.*)(/.*)?" path != null
    ) "${where}: ${toJSON path} is no device; name one, or a directory of them, below /dev";

  # What may be said of one instance of a confined template: none of it opens anything.
  harmless = "Environment(File)?|LoadCredential(Encrypted)?|SetCredential(Encrypted)?|Slice|Nice|(CPU|IO|Limit|Memory|Restart|Tasks|Timeout).*";

  ofSocket =
    namespace: name: socket:
    map (
      path:
      "${named "sockets" name}: by ${toJSON path} the service would get connections that were made on the host, and tell it the host's addresses; let it listen on a port, and set nsguard.namespaces.${namespace}.publish.${name} = { listen = [ ${toJSON path} ]; port = …; };"
    ) (exposure.withPath socket)
    ++ map (
      address:
      "${named "sockets" name}: ${toJSON address} is of the machine and knows no network namespace; let it listen on a port of TCP or UDP"
    ) (exposure.ofMachine socket);
in
{
  inherit (exposure) ofBinds;
  inherit prefixes;
  inherit (import ./hidden.nix { inherit named; }) warnings;

  problems =
    name: service:
    let
      where = named "services" name;
      at = "${where}.nsguard";
      config = service.serviceConfig;
    in
    optional (!namespaces ? ${service.namespace})
      "${at}.namespace: there is no namespace ${toJSON service.namespace} (${oneOf namespaces}); define nsguard.namespaces.${service.namespace} or name another"
    ++ (
      if service.container then
        [
          "${at}.namespace: a container is started by a program that needs the host, and what runs in it is not confined by its unit; run the program as a service of its own"
        ]
      else if match "user@.*" name != null then
        [
          "${at}.namespace: a person's service manager starts programs of the whole session, and its units would go on in the host's namespace; confine the services themselves, or define nsguard.apps.<name>"
        ]
      else if service.template != null then
        [
          "${at}.namespace: an instance is confined as its template is; set ${named "services" service.template}.nsguard.namespace"
        ]
      else
        optional (commands config == [ ] && !service.packaged)
          "${at}.namespace: nothing else defines the service ${toJSON name}, so there is nothing to confine; look for a slip in the name, or, if its unit comes with a package, say its command here: ${where}.serviceConfig.ExecStart = [ \"\" \"…\" ];"
    )
    ++
      optional
        (config ? RootImage || match "(/run/.*|/)?" (toString (config.RootDirectory or "")) == null)
        "${where}.serviceConfig.RootDirectory: over another root than the host's nsguard cannot lay its own /etc, so look-ups of names would follow that root's; remove it"
    ++
      optional (config.Type or null == "forking" && isRoot config && service.hardening.hiddenProcesses)
        ''${where}.serviceConfig.Type: "forking" does not work with process numbers of its own, which a service needs that runs as root; give it a User, run the program in the foreground with Type = "exec" or "notify", or accept that it sees the processes of the host with ${at}.hardening.hiddenProcesses = false;''
    ++ concatMap (socket: ofSocket service.namespace socket service.sockets.${socket}) (
      attrNames service.sockets
    )
    ++
      optional (service.unitConfig ? JoinsNamespaceOf)
        "${where}.unitConfig.JoinsNamespaceOf: the service would share the namespaces of another; remove it"
    ++ exposure.ofBinds "${where}.serviceConfig" service
    ++ exposure.ofService "${where}.serviceConfig" at service
    ++ fronts "${where}.serviceConfig" at service
    ++ concatMap (boundIn "${at}.bindPaths") service.bindPaths
    ++ concatMap (device "${at}.devices") service.devices
    ++ import ./bus.nix "${at}.dbus.system" service.dbus.system
    ++
      optional
        ((config.Type or null == "dbus" || config ? BusName) && service.dbus.system.access != "host")
        ''${where}.serviceConfig: the service is to have a name on the system's bus, which it does not reach; set Type = "exec" and no BusName, or accept that it does with ${at}.dbus.system.access = "host";''
    ++
      optional
        (
          service.dbus.system.access == "filtered"
          && !config ? User
          && elem (config.DynamicUser or false) yes
          && match "[a-z_][a-z0-9_-]{0,30}(@.*)?" name == null
        )
        "${where}.serviceConfig.User: the part of the bus is for one user, and ${toJSON name} cannot name one; set User = \"…\";"
    ++ (
      if service.allowPrivilegedCommands then
        [ ]
      else
        prefixes "${where}.serviceConfig" ", or accept that with ${at}.allowPrivilegedCommands = true;"
          config
    );

  ofInstance =
    name:
    { template, properties }:
    map (
      property:
      "${named "services" name}.serviceConfig.${property}: this would be laid over the confined template and outweigh it; say it of ${named "services" template}"
    ) (filter (property: match harmless property == null) properties);

  ofUser = name: [
    "${named "user.services" name}.nsguard: a user's service manager may not enter the namespace, and goes on in the host's without a word; make it ${named "services" name} with serviceConfig.User, or nsguard.apps.<name> for a program with windows"
  ];
}
