# Users and groups that the options name and that the configuration does not define -> warnings, in the form of
# problems. They are not refused: an account may be made by hand, or come from a directory such as LDAP.
#
# known: { users; groups; }, the names that the configuration defines
{
  namespaces,
  apps,
  services,
  known,
}:
let
  inherit (builtins) attrNames concatMap match;
  inherit (import ../combine.nix) isDynamic words;
  inherit (import ./problem.nix) named orMeant;

  # Numbers are looked up nowhere, and specifiers (systemd.unit(5)) are known when the unit starts.
  isName = name: builtins.isString name && match "[0-9]*" name == null && match ".*%.*" name == null;

  missing = kind: defined: where: consequence: name: {
    when = isName name && !builtins.elem name defined;
    inherit where;
    what = "this configuration defines no ${kind} ${builtins.toJSON name}, so ${consequence}";
    fix =
      orMeant name defined
        "define users.${kind}s.${toString name}, or ignore this if the ${kind} is made by other means";
  };
  user = missing "user" known.users;
  group = missing "group" known.groups;

  ofNamespace =
    name:
    let
      ns = namespaces.${name};
      where = "nsguard.namespaces.${name}";
    in
    map (user "${where}.users" "nobody can run commands as that user") ns.users
    ++ [ (user "${where}.portForwarding.user" "onChange does not run" ns.portForwarding.user) ]
    ++ map (
      port:
      group "${where}.publish.${port}.group" "the sockets with a path are not made"
        ns.publish.${port}.group
    ) (attrNames ns.publish);

  ofApp = name: [ (user "nsguard.apps.${name}.user" "the app does not start" apps.${name}.user) ];

  ofService =
    name:
    let
      config = services.${name}.serviceConfig;
      where = "${named "services" name}.serviceConfig";
      start = "the service does not start";
      # systemd makes the user and the group of such a service.
      made = isDynamic config;
    in
    [
      (user "${where}.User" start (if made then null else config.User or null))
      (group "${where}.Group" start (if made then null else config.Group or null))
    ]
    ++ map (group "${where}.SupplementaryGroups" start) (words (config.SupplementaryGroups or null));

  confined = builtins.filter (name: services.${name}.namespace != null) (attrNames services);
in
concatMap ofNamespace (attrNames namespaces)
++ concatMap ofApp (attrNames apps)
++ concatMap ofService confined
