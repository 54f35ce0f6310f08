# What is wrong with an app, one sentence for each. What its unit says itself is judged as any service's.
{
  namespaces,
  presets,
  oneOf,
}:
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    filter
    match
    toJSON
    ;

  inherit (import ../names.nix) appBusPart;
  paths = import ../confinement/paths.nix;

  optional = condition: message: if condition then [ message ] else [ ];

  # Confinement is laid over these, or the starter needs them as they are.
  ownSettings = [
    "DynamicUser"
    "ExecStart"
    "Group"
    "NetworkNamespacePath"
    "RuntimeDirectory"
    "RuntimeDirectoryMode"
    "RuntimeDirectoryPreserve"
    "StateDirectory"
    "StateDirectoryMode"
    "Type"
    "User"
    "WorkingDirectory"
    "Restart"
    "ProtectSystem"
  ];
in
name: app:
let
  where = "nsguard.apps.${name}";
  windows = app.gui.wayland || app.gui.waylandUnfiltered || app.gui.x11 || app.gui.sound != "none";
  ofSession =
    windows
    || elem app.dbus.session.access [
      "filtered"
      "host"
    ];

  busProblems = kind: import ./bus.nix "${where}.dbus.${kind}" app.dbus.${kind};

  ownProblems =
    own:
    let
      at = "${where}.dbus.session.own";
      part = appBusPart name;
    in
    optional
      (
        match "[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*\\.${part}(\\.[A-Za-z_][A-Za-z0-9_]*)*(\\.\\*)?" own
        == null
      )
      ''${at}: ${toJSON own} may be another program's, which works for whoever then calls it, outside the namespace; write it with a part of this app's own, like "org.example.${part}"'';

  pathProblems =
    path:
    let
      at = "${where}.readWritePaths";
    in
    optional (
      match "/[^:[:space:]\"\\\\%]*" path == null
    ) "${at}: ${toJSON path} is malformed; write an absolute path without spaces, colons and quotes"
    ++
      optional
        (
          match paths.reopened path != null
          || match paths.system path != null && match "/var/lib/.+" path == null
        )
        "${at}: ${toJSON path} belongs to the system, which runs what is in it outside the namespace; name a directory of data"
    ++
      optional (match paths.home path != null)
        "${at}: ${toJSON path} holds files that the session runs outside the namespace; name a directory in it";
in
optional (match "[a-z][a-z0-9-]{0,18}" name == null)
  "${where}: the name may have small letters, digits and -, starts with a letter, and has 19 characters at most; rename it"
++ (
  if app.namespace == null then
    [
      ''${where}.namespace: an app without a namespace is not confined; set namespace = "vpn"; (${oneOf namespaces})''
    ]
  else
    optional (!namespaces ? ${app.namespace})
      "${where}.namespace: there is no namespace ${toJSON app.namespace} (${oneOf namespaces}); define nsguard.namespaces.${app.namespace} or name another"
)
++ (
  if app.command == null then
    [
      ''${where}: there is nothing to run; set package = pkgs.${name}; or command = "/path/of/the/program";''
    ]
  else
    optional (
      match "/[^[:cntrl:]]+" app.command == null
    ) "${where}.command: ${toJSON app.command} is no absolute path; its arguments go into ${where}.args"
)
++
  optional (app.preset != null && !presets ? ${app.preset})
    "${where}.preset: there is no preset ${toJSON app.preset} (${oneOf presets}); set package or command instead"
++
  optional
    (elem app.user [
      "root"
      "0"
      ""
    ])
    "${where}.user: an app never runs as root; name the person who uses it, or leave it out for a user of its own"
++ optional (
  app.user != null && match "[a-z_][a-z0-9_-]{0,30}" app.user == null && app.user != ""
) "${where}.user: ${toJSON app.user} is no user's name"
++
  optional (app.sandbox.enable && app.user == null)
    "${where}.sandbox.enable: bubblewrap needs openat2(2), which systemd denies to a user made for the app (RestrictSUIDSGID=); set user, or remove it"
++ optional (
  ofSession && app.user == null
) ''${where}: windows, sound and the session bus belong to a person; set user = "…";''
++
  optional (ofSession && app.user != null && app.uid == null)
    "${where}.uid: the session's sockets are found by the number of user ${toJSON app.user}; set users.users.${app.user}.uid, or uid"
++
  optional (app.gui.portals && app.dbus.session.access != "filtered")
    ''${where}.gui.portals: portals are reached by the filtered session bus; set dbus.session.access = "filtered";''
++ busProblems "session"
++
  optional (app.dbus.session.own != [ ] && app.dbus.session.access != "filtered")
    ''${where}.dbus.session.own: names are granted on a filtered bus alone; set ${where}.dbus.session.access = "filtered"; or remove them''
++ concatMap ownProblems app.dbus.session.own
++ busProblems "system"
++ concatMap pathProblems app.readWritePaths
++
  map
    (
      arg:
      "${where}.args: ${toJSON arg} gives up the program's own sandbox, which works here as it is; remove it"
    )
    (
      filter (
        arg:
        elem arg [
          "--no-sandbox"
          "--disable-setuid-sandbox"
          "--disable-namespace-sandbox"
          "--disable-seccomp-filter-sandbox"
        ]
      ) app.args
    )
++ map (
  variable:
  "${where}.environment: ${toJSON variable} gives up the program's own sandbox, which works here as it is; remove it"
) (filter (variable: match "MOZ_DISABLE_.*SANDBOX" variable != null) (attrNames app.environment))
++ map (variable: "${where}.environment: ${toJSON variable} is no name of a variable") (
  filter (variable: match "[A-Za-z_][A-Za-z0-9_]*" variable == null) (attrNames app.environment)
)
++ map (
  setting:
  "${where}.extraServiceConfig.${setting}: this is made from the app's other options; remove it"
) (filter (setting: elem setting ownSettings) (attrNames app.extraServiceConfig))
