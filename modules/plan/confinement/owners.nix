# Whose the directories are that a service has bound in: a bind shows the directory that was there when the service
# started, so the service follows the unit that makes it (systemd.exec(5), RuntimeDirectory=).
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    filter
    head
    isString
    match
    split
    ;
  inherit (import ../combine.nix) toList words;
  binds = import ./binds.nix;

  within = path: directory: path == directory || match "${directory}/.*" path != null;

  # property -> where its directories lie
  kept = {
    StateDirectory = "/var/lib";
    CacheDirectory = "/var/cache";
    LogsDirectory = "/var/log";
  };

  directories =
    property: base: service:
    map (entry: binds.plain "${base}/${head (filter isString (split ":" entry))}") (
      words (service.serviceConfig.${property} or null)
    );

  # The paths of the host that a service has bound in, but for those that it can do without.
  bound =
    service:
    map (path: binds.plain (head (filter isString (split ":" path)))) (
      filter (path: match "-.*" path == null) (
        service.bindPaths or [ ]
        ++ concatMap (property: binds.kept service (service.serviceConfig.${property} or null)) [
          "BindPaths"
          "BindReadOnlyPaths"
        ]
      )
    );
in
# services: all of the configuration, name -> { unitConfig; serviceConfig; }; name, service: one that is confined -> {
# needs; wants; unowned; }: units with which it stops and restarts; units that only start before it; and paths below
# /run that belong to no service. systemd propagates a restart after a crash along Requires=, not along BindsTo=.
{
  services,
  name,
  service,
}:
let
  paths = bound service;
  self = "${name}.service";
  # Those that are ordered after this one can't come before it.
  others = filter (
    other:
    other != name
    && match ".*@" other == null
    && !elem self (words (toList (services.${other}.unitConfig.After or null)))
  ) (attrNames services);

  having =
    directories:
    filter (
      other: builtins.any (path: builtins.any (within path) (directories services.${other})) paths
    ) others;
  making = having (directories "RuntimeDirectory" "/run");
  keeping = filter (other: !elem other making) (
    concatMap (property: having (directories property kept.${property})) (attrNames kept)
  );
  unit = other: "${other}.service";
  owned =
    path:
    builtins.any (
      other: builtins.any (within path) (directories "RuntimeDirectory" "/run" services.${other})
    ) (attrNames services);
in
if paths == [ ] then
  {
    needs = [ ];
    wants = [ ];
    unowned = [ ];
  }
else
  {
    needs = map unit making;
    wants = map unit keeping;
    unowned = filter (path: match "/run/.*" path != null && !owned path) paths;
  }
