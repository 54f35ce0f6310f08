# What a unit could write on the host where the host later starts or reads something -> problems
#
# unit: {
#   where = the option with its properties;
#   options = the option with its `hardening`, `devices` and `allowPrivilegedCommands`, which an app has not;
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
  inherit (import ../combine.nix) isRoot literal words;
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
    service: binds.created "/etc" (service.serviceConfig.ConfigurationDirectory or null);

  # Files of the system, which only root can write. own: what belongs to the service alone
  isOfRoot =
    service: own: path:
    service.hardening.readOnlySystem or true
    && match paths.ofRoot path != null
    && !any (binds.within path) own;

  # The option by which root may write a path all the same. own: the name in /etc of a directory, which may be the
  # service's; null for none
  accepted =
    {
      where,
      options,
      service,
      ...
    }:
    own:
    if own == null then
      if service ? hardening then
        ", or accept that it can change the system's files with ${options}.hardening.readOnlySystem = false;"
      else
        ""
    else
      ", or, if /etc/${head own} belongs to the service alone,"
      + " set ${where}.ConfigurationDirectory = [ ${toJSON (head own)} ];";

  ofPath =
    unit: where: entry: path:
    let
      inherit (unit) service;
      problem = ofSystem where entry;
      own = match "/etc/([^/.]+)(/.*)?" path;
    in
    if isStarted path then
      [ problem ]
    else if runsAsRoot service && isOfRoot service (configuration service) path then
      [ (problem // { fix = problem.fix + accepted unit own; }) ]
    else
      [ ];

  # A path that cannot be read, or that may be such a one: only the running unit knows with what a name begins.
  ofUnclear =
    option: entry: path:
    if !binds.isSimple path then
      [ (unclear option entry) ]
    else if match "(/(run|var|var/lib|var/spool))?/%[^nNpuUgG].*" (binds.plain path) != null then
      [ (unclear option entry // { fix = "name a directory of the service before the specifier"; }) ]
    else
      [ ];

  # An entry of OpenFile=, "path:name:options", opened to read.
  readOnlyEntry =
    entry:
    let
      parts = match "([^:]*)(:[^:]*)?.*" entry;
      name = builtins.elemAt parts 1;
    in
    "${head parts}${if name == null then ":" else name}:read-only";

  # Whether a path is in a home, and a login or session starts or reads something there.
  isOfLogin =
    service: path:
    let
      homes =
        filter (home: path != home && binds.within path home) (
          service.homes.people or [ ] ++ service.homes.reached or [ ]
        )
        ++ concatMap (prefix: usual (match "(${prefix}).*" path)) (
          [ "/root/" ]
          ++ map (parent: "${literal parent}/[^/]+/") ([ "/home" ] ++ service.homes.parents or [ ])
        );
      # The home in a match that ends with its slash.
      usual =
        parts:
        if parts == null then [ ] else [ (substring 0 (stringLength (head parts) - 1) (head parts)) ];
      below = home: substring (stringLength home + 1) (-1) path;
    in
    service.hardening.hiddenHomes or true
    && any (home: match paths.startedInHome (below home) != null) homes
    && !binds.grants (service.bindPaths or [ ]) path;
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
        ofPath unit unit.where entry from
    )
    ++ [
      {
        inherit (unit) where;
        when = isOfLogin unit.service from;
        what = "${toJSON entry} contains what a login outside the namespace starts or reads";
        fix =
          "name another directory, show it with BindReadOnlyPaths,"
          + " or accept that with ${unit.grants} = [ ${toJSON from} ];";
      }
    ];

  # A file that systemd opens to write, as root, whoever the unit runs as.
  ofOpened =
    { where, service, ... }@unit:
    property: entry: path:
    let
      option = "${where}.${property}";
      unclearEntry = ofUnclear option entry path;
      # A file may have the name of the service's directory.
      own = filter (directory: directory != path) (configuration service);
      problem = {
        where = option;
        what = "${toJSON entry} is a file of the system, which programs outside the namespace run or read";
        fix = elsewhere;
      };
      elsewhere =
        if property == "OpenFile" then
          "write ${toJSON (readOnlyEntry entry)}, so that the service can only read it"
        else
          "name a file in a data directory";
    in
    if unclearEntry != [ ] then
      unclearEntry
    else if isStarted path || isOfRoot service own path && binds.within path "/nix" then
      [ problem ]
    else if isOfRoot service own path then
      [ (problem // { fix = elsewhere + accepted unit (match "/etc/([^/.]+)/.+" path); }) ]
    else if isOfLogin service path then
      [
        {
          where = option;
          what = "${toJSON entry} is started or read by a login outside the namespace";
          fix = "${elsewhere}, or accept that with ${unit.grants} = [ ${toJSON path} ];";
        }
      ]
    else
      [ ];

  # ReadWritePaths=. It opens nothing in a home: homes are covered.
  ofReadWritePaths =
    { where, service, ... }@unit:
    concatMap (
      entry:
      let
        named = head (match "[-+]*(.*)" entry);
        path = binds.plain named;
        option = "${where}.ReadWritePaths";
        unclearEntry = ofUnclear option entry named;
      in
      if unclearEntry != [ ] then
        unclearEntry
      else if runsAsRoot service && match "/(proc|sys)(/.*)?" path != null then
        [ (ofSystem option entry) ]
      else
        ofPath unit option entry path
    ) (filter builtins.isString (words (service.serviceConfig.ReadWritePaths or null)));
}
