# What is wrong with an app -> problems. Its extraServiceConfig is checked as a service's properties are.
# accounts: those that the configuration defines, by their names
{
  namespaces,
  presets,
  accounts,
}:
let
  inherit (builtins)
    attrNames
    elem
    filter
    match
    toJSON
    ;

  inherit (import ../names.nix) appBusPart;
  inherit (import ./problem.nix)
    defined
    ofSystem
    onlyFiltered
    orMeant
    unknown
    wholeHome
    ;
  paths = import ../confinement/paths.nix;
  busProblems = import ./bus.nix;

  # The unit's confinement is built on these, or the starter needs them unchanged.
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

  withoutSandbox = [
    "--no-sandbox"
    "--disable-setuid-sandbox"
    "--disable-namespace-sandbox"
    "--disable-seccomp-filter-sandbox"
  ];

  isRoot =
    user:
    elem user [
      "root"
      "0"
      ""
    ];
  isUserName = user: match "[a-z_][a-z0-9_-]{0,30}" user != null;
  isVariable = name: match "[A-Za-z_][A-Za-z0-9_]*" name != null;
  isPath = path: match "/[^:[:space:]\"\\\\%]*" path != null;
  isSystem =
    path:
    match paths.reopened path != null
    || match paths.system path != null && match "/var/lib/.+" path == null;

  # A name on the bus that no other program has: one of its parts is the app's own.
  isOwn =
    part: name:
    match "[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*\\.${part}(\\.[A-Za-z_][A-Za-z0-9_]*)*(\\.\\*)?" name
    != null;
in
name: app:
let
  where = "nsguard.apps.${name}";
  filtered = app.dbus.session.access == "filtered";
  needsSession =
    app.gui.wayland
    || app.gui.waylandUnfiltered
    || app.gui.x11
    || app.gui.sound != "none"
    || filtered
    || app.dbus.session.access == "host";

  namespaceProblem =
    if app.namespace == null then
      {
        where = "${where}.namespace";
        what = "an app without a namespace is not confined";
        fix = ''set namespace = "vpn"; (${defined namespaces})'';
      }
    else
      unknown "${where}.namespace" "namespace" "nsguard.namespaces" namespaces app.namespace;

  commandProblem =
    if app.command == null then
      {
        inherit where;
        what = "the app has no program";
        fix = ''set package = pkgs.${name}; or command = "/path/of/the/program";'';
      }
    else
      {
        when = match "/[^[:cntrl:]]+" app.command == null;
        where = "${where}.command";
        what = "${toJSON app.command} is not an absolute path";
        fix = "write the path of the program, and its arguments in ${where}.args";
      };

  part = appBusPart name;
  ownProblem = own: {
    when = !isOwn part own;
    where = "${where}.dbus.session.own";
    what = "${toJSON own} may belong to another program, which would act outside the namespace for this app";
    fix = ''write a name with this app's own part in it, like "org.example.${part}"'';
  };

  pathProblems =
    path:
    let
      option = "${where}.readWritePaths";
    in
    [
      {
        when = !isPath path;
        where = option;
        what = "${toJSON path} is malformed";
        fix = "write an absolute path without spaces, colons and quotes";
      }
      (ofSystem option path // { when = isSystem path; })
      (wholeHome option path // { when = match paths.home path != null; })
    ];

  disablesSandbox = option: text: {
    where = "${where}.${option}";
    what = "${toJSON text} turns off the program's own sandbox, which works in a namespace";
    fix = "remove it";
  };
in
[
  {
    when = match "[a-z][a-z0-9-]{0,18}" name == null;
    inherit where;
    what = "the name must start with a lower-case letter and have at most 19 lower-case letters, digits and -";
    fix = "rename it";
  }
  namespaceProblem
  commandProblem
  {
    when = app.preset != null && !presets ? ${app.preset};
    where = "${where}.preset";
    what = "there is no preset ${toJSON app.preset} (${defined presets})";
    fix = orMeant app.preset (attrNames presets) "set package or command instead";
  }
  {
    when = isRoot app.user;
    where = "${where}.user";
    what = "an app cannot run as root";
    fix = "name the user who runs it, or remove the option to have a user made for the app";
  }
  {
    when = app.user != null && !isUserName app.user && app.user != "";
    where = "${where}.user";
    what = "${toJSON app.user} is not a user name";
    fix = ''write it like "alice"'';
  }
  {
    when = app.sandbox.enable && app.user == null;
    where = "${where}.sandbox.enable";
    what = "bubblewrap needs openat2(2), which systemd denies to a user made for the app (RestrictSUIDSGID=)";
    fix = "set user, or remove it";
  }
  {
    when = needsSession && app.user == null;
    inherit where;
    what = "windows, sound and the session bus belong to a user who is logged in";
    fix = ''set user = "…";'';
  }
  {
    when = needsSession && app.user != null && app.uid == null;
    where = "${where}.uid";
    what = "the sockets of the session are found by the uid of ${toJSON app.user}, which is not known";
    fix =
      let
        setIt = "set users.users.${app.user}.uid, or uid";
      in
      if accounts ? ${app.user} then setIt else orMeant app.user (attrNames accounts) setIt;
  }
  {
    when = app.gui.portals && !filtered;
    where = "${where}.gui.portals";
    what = "portals are reached through the filtered session bus";
    fix = ''set dbus.session.access = "filtered";'';
  }
]
++ busProblems "${where}.dbus.session" app.dbus.session
++ [ (onlyFiltered "${where}.dbus.session" "own" app.dbus.session) ]
++ map ownProblem app.dbus.session.own
++ busProblems "${where}.dbus.system" app.dbus.system
++ builtins.concatMap pathProblems app.readWritePaths
++ map (disablesSandbox "args") (filter (arg: elem arg withoutSandbox) app.args)
++ map (disablesSandbox "environment") (
  filter (variable: match "MOZ_DISABLE_.*SANDBOX" variable != null) (attrNames app.environment)
)
++ map (variable: {
  when = !isVariable variable;
  where = "${where}.environment";
  what = "${toJSON variable} is not a name for a variable";
  fix = "use letters, digits and _";
}) (attrNames app.environment)
++ map (setting: {
  when = elem setting ownSettings;
  where = "${where}.extraServiceConfig.${setting}";
  what = "nsguard sets this from the app's other options";
  fix = "remove it";
}) (attrNames app.extraServiceConfig)
