# Verdicts on the paths that a unit itself binds (systemd.exec(5), BindPaths=):
#   kept     the path leads to nothing hidden, or to something that the service owns or was granted
#   dropped  the confinement mounts something at the destination, or the service sees the same path anyway
#   hidden   the path leads to a private directory; the bind is dropped, and an option can grant it
#   refused  the path leads to daemons of the host, or to a directory that contains them
#   unclear  the path cannot be read with certainty
#
# Only plain paths are read: without quotes or escapes, and with no specifiers but those of directories.
let
  inherit (builtins)
    concatStringsSep
    elemAt
    filter
    head
    match
    ;
  inherit (import ../combine.nix) pieces words;
  paths = import ./paths.nix;

  # The directories of system services (systemd.unit(5), specifiers).
  directories = {
    "%t" = "/run";
    "%S" = "/var/lib";
    "%C" = "/var/cache";
    "%L" = "/var/log";
    "%E" = "/etc";
    "%T" = "/tmp";
    "%V" = "/var/tmp";
    "%h" = "/root";
  };
  # Specifiers of the unit's own names and numbers, each one harmless word of a path.
  ofUnit = "%[nNpuUgG]";

  spelt = builtins.replaceStrings (builtins.attrNames directories) (builtins.attrValues directories);

  # A path without doubled slashes and single dots, and with /run in place of /var/run.
  plain =
    path:
    let
      parts = filter (part: part != "" && part != ".") (pieces "/" (spelt path));
      whole = "/" + concatStringsSep "/" parts;
      outdated = match "/var/run(/.*)?" whole;
    in
    if outdated == null then whole else "/run${toString (head outdated)}";

  # Without quotes, escapes and "..".
  isSimple =
    path: match "(/|%[a-zA-Z])[^\"'\\\\]*" path != null && match "(.*/)?\\.\\.(/.*)?" path == null;
  readable =
    path: isSimple path && match ".*%.*" (concatStringsSep "" (pieces ofUnit (spelt path))) == null;

  within =
    path: directory:
    path == directory
    || builtins.substring 0 (builtins.stringLength directory + 1) path == "${directory}/";
  among = directories: path: filter (within path) directories != [ ];

  # The parts of an entry: source and destination as written, and both as plain paths.
  read =
    entry:
    let
      parts = pieces ":" (head (match "-?(.*)" entry));
      source = head parts;
      destination = if builtins.length parts > 1 && elemAt parts 1 != "" then elemAt parts 1 else source;
    in
    {
      inherit source destination;
      clear = readable source && readable destination;
      from = plain source;
      to = plain destination;
    };

  source = entry: (read entry).from;

  # Directories that systemd creates for the service below `parent`, which itself belongs to all.
  created =
    parent: value:
    filter (path: path != parent) (
      map (directory: plain "${parent}/${head (pieces ":" directory)}") (words value)
    );
  # These, and paths that its options grant.
  ownOf = service: created "/run" (service.serviceConfig.RuntimeDirectory or null);
  grantedTo = service: map source (service.bindPaths or [ ]) ++ service.devices or [ ];

  # Whether a bind shows a person's whole home. If a parent of it is bound to its own path, the home stays covered.
  uncovers =
    service: bind:
    isAnyHome service bind.from
    || builtins.any (home: bind.from == home || bind.from != bind.to && within home bind.from) (
      service.homes.people or [ ] ++ service.homes.parents or [ ]
    );

  # Whether a path is directly below another path of /home: somebody's home, as any path directly below /home is.
  isAnyHome = service: path: path != "/" && builtins.elem (dirOf path) (service.homes.parents or [ ]);

  verdictOf =
    service: entry:
    let
      bind = read entry;
      own = ownOf service;
      granted = grantedTo service;
    in
    if !bind.clear then
      "unclear"
    else if
      match paths.ours bind.to != null || bind.from == bind.to && match paths.repeated bind.from != null
    then
      "dropped"
    else if
      match paths.reopened bind.from == null
      && !uncovers service bind
      && (among own bind.from || among granted bind.from)
    then
      "kept"
    else if match paths.replaced bind.from != null then
      "dropped"
    else if
      match paths.surrounding bind.from != null
      || match paths.reopened bind.from != null
      || uncovers service bind
    then
      "refused"
    else if match paths.harmless bind.from != null then
      "kept"
    else if match paths.private bind.from != null then
      "hidden"
    else
      "kept";
  # The entries of a value that are kept.
  kept =
    service: value: filter (entry: verdictOf service entry == "kept") (map toString (words value));
in
{
  # service: { serviceConfig; bindPaths; devices; }; value: of BindPaths= or BindReadOnlyPaths=
  # -> verdict -> entries
  sorted = service: value: builtins.groupBy (verdictOf service) (map toString (words value));

  # The unit's own binds reduced to the entries that are kept: service -> { Property = own value -> value; }
  properties =
    service:
    let
      keep = own: if own == null then null else kept service own;
    in
    {
      BindPaths = keep;
      BindReadOnlyPaths = keep;
    };

  # The verdict on a path that systemd opens for the service.
  verdictOf = service: path: verdictOf service (head (pieces ":" path));

  # The paths at which a service sees something inside directories that are otherwise hidden.
  visible =
    service:
    ownOf service
    ++ map (path: (read path).to) (
      service.bindPaths or [ ]
      ++ builtins.concatMap (property: kept service (service.serviceConfig.${property} or null)) [
        "BindPaths"
        "BindReadOnlyPaths"
      ]
    );

  # entries of an option that grants paths -> path -> whether one grants it
  grants = entries: among (map source entries);
  showsHome = service: entry: uncovers service (read entry);

  inherit
    created
    directories
    isSimple
    kept
    plain
    read
    source
    spelt
    within
    ;
}
