# Which units own the directories that a service binds. A bind shows the directory that existed when the service
# started, so the service must follow the unit that creates it (systemd.exec(5), RuntimeDirectory=).
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    filter
    head
    match
    ;
  inherit (import ../combine.nix) pieces toList words;
  binds = import ./binds.nix;
  inherit (binds) within;

  inherit (import ./directories.nix) made parents;
  kept = removeAttrs parents [ "RuntimeDirectory" ];

  directories = property: service: made property service.serviceConfig;

  # The host paths that a service binds, except optional ones.
  bound =
    service:
    map (path: binds.plain (head (pieces ":" path))) (
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
  # Units that are ordered after this service cannot start before it.
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
  making = having (directories "RuntimeDirectory");
  keeping = filter (other: !elem other making) (
    concatMap (property: having (directories property)) (attrNames kept)
  );
  unit = other: "${other}.service";
  owned =
    path:
    builtins.any (
      other: builtins.any (within path) (directories "RuntimeDirectory" services.${other})
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
