# What a unit could write on the host where the host later starts or reads something -> problems
#
# unit: {
#   where = the option with its properties;
#   options = the option with its `hardening`;
#   grants = the option that shows paths of the host to it;
#   service = { serviceConfig; bindPaths; homes; hardening; asRoot; };
# }
let
  inherit (builtins)
    any
    concatMap
    filter
    head
    match
    stringLength
    substring
    toJSON
    ;
  inherit (import ../combine.nix) isRoot words;
  inherit (import ./problem.nix) ofSystem unclear;
  binds = import ../confinement/binds.nix;
  paths = import ../confinement/paths.nix;

  # Paths that the confinement makes read-only, because a user may own them.
  readOnly = [
    "/nix/var"
  ]
  ++ concatMap (part: part.words) (builtins.attrValues (import ../confinement/later.nix));

  isStarted = path: any (binds.within path) readOnly || match paths.started path != null;

  runsAsRoot = service: service.asRoot or (isRoot service.serviceConfig);

  # Directories in /etc that systemd makes for the service alone.
  configuration =
    service:
    map (entry: binds.plain "/etc/${head (match "([^:]*).*" entry)}") (
      words (service.serviceConfig.ConfigurationDirectory or null)
    );

  # Files of the system, which only root can write.
  isOfRoot =
    asRoot: service: path:
    asRoot
    && service.hardening.readOnlySystem or true
    && match paths.ofRoot path != null
    && !any (binds.within path) (configuration service);

  # The option by which root may write a path all the same.
  accepted =
    { where, options, ... }:
    path:
    let
      own = match "/etc/([^/.]+)(/.*)?" path;
    in
    if own == null then
      " accept that it can change the system's files with ${options}.hardening.readOnlySystem = false;"
    else
      ", if /etc/${head own} belongs to the service alone,"
      + " set ${where}.ConfigurationDirectory = [ ${toJSON (head own)} ];";

  ofPath =
    unit: asRoot: where: entry: path:
    let
      problem = ofSystem where entry;
    in
    if isStarted path then
      [ problem ]
    else if isOfRoot asRoot unit.service path then
      [ (problem // { fix = "${problem.fix}, or${accepted unit path}"; }) ]
    else
      [ ];

  # Whether a path is in a home, and a login or session starts or reads something there.
  isOfLogin =
    service: path:
    let
      homes =
        filter (home: path != home && binds.within path home) (
          service.homes.people or [ ] ++ service.homes.own or [ ]
        )
        ++ (
          let
            usual = match "(/root|/home/[^/]+)/.*" path;
          in
          if usual == null then [ ] else usual
        );
      below = home: substring (stringLength home + 1) (-1) path;
    in
    any (home: match paths.startedInHome (below home) != null) homes;

  ofLogin =
    unit: entry: path:
    let
      inherit (unit) service;
      isGranted = any (granted: binds.within path (binds.source granted)) (service.bindPaths or [ ]);
    in
    [
      {
        inherit (unit) where;
        when = service.hardening.hiddenHomes or true && isOfLogin service path && !isGranted;
        what = "${toJSON entry} contains what a login outside the namespace starts or reads";
        fix =
          "name another directory, show it with BindReadOnlyPaths,"
          + " or accept that with ${unit.grants} = [ ${toJSON path} ];";
      }
    ];
in
{
  inherit isStarted;

  # An entry of BindPaths=. Bound to another place, a directory shows what is read-only in its own.
  ofBind =
    unit: entry:
    let
      inherit (binds.read entry) from to;
    in
    (
      if from != to && any (path: binds.within path from) readOnly then
        [ (ofSystem unit.where entry) ]
      else
        ofPath unit (runsAsRoot unit.service) unit.where entry from
    )
    ++ ofLogin unit entry from;

  # A file that systemd opens to write, as root, whoever the unit runs as.
  ofOpened =
    { where, ... }@unit:
    property: entry: path:
    ofPath unit true "${where}.${property}" entry path ++ ofLogin unit entry path;

  # ReadWritePaths=. It opens nothing in a home: homes are covered.
  ofReadWritePaths =
    { where, service, ... }@unit:
    concatMap (
      entry:
      let
        named = head (match "[-+]*(.*)" entry);
        path = binds.plain named;
        option = "${where}.ReadWritePaths";
      in
      if !binds.isSimple named then
        [ (unclear option entry) ]
      else if runsAsRoot service && match "/(proc|sys)(/.*)?" path != null then
        [ (ofSystem option entry) ]
      else
        ofPath unit (runsAsRoot service) option entry path
    ) (filter builtins.isString (words (service.serviceConfig.ReadWritePaths or null)));
}
