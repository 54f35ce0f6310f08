# What becomes of the paths that a unit itself binds into its view (systemd.exec(5), BindPaths=): each is
#   kept     it leads to nothing that is hidden, or to what the service owns or was granted
#   dropped  what is ours, or what the service has anyway, stands in that place
#   hidden   it leads to a place that is private, and is dropped unless the service is granted it
#   refused  it leads to daemons of the host or to what surrounds them
#   unclear  it is written in a way that cannot be read with certainty
#
# Only plain paths are read here: no quotes, no escapes, no specifiers but those of directories.
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
  # Those that are one harmless word in a path.
  ofUnit = "%[nNpuUgG]";

  spelt = builtins.replaceStrings (builtins.attrNames directories) (builtins.attrValues directories);

  # Without doubled slashes, and by way of /run where it is written as /var/run.
  plain =
    path:
    let
      parts = filter (part: part != "" && part != ".") (pieces "/" (spelt path));
      whole = "/" + concatStringsSep "/" parts;
      outdated = match "/var/run(/.*)?" whole;
    in
    if outdated == null then whole else "/run${toString (head outdated)}";

  readable =
    path:
    match "(/|%[a-zA-Z])[^\"'\\\\]*" path != null
    && match "(.*/)?\\.\\.(/.*)?" path == null
    && match ".*%.*" (concatStringsSep "" (pieces ofUnit (spelt path))) == null;

  within =
    path: directory:
    path == directory
    || builtins.substring 0 (builtins.stringLength directory + 1) path == "${directory}/";
  among = directories: path: filter (within path) directories != [ ];

  # An entry as the three things it says.
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

  # Directories that systemd makes for the service, and what its options let in.
  ownOf =
    service:
    map (directory: plain "/run/${head (pieces ":" directory)}") (
      words (service.serviceConfig.RuntimeDirectory or null)
    );
  grantedTo =
    service: map (path: (read path).from) (service.bindPaths or [ ]) ++ service.devices or [ ];

  # Whether it shows a person's home whole. In a directory that is bound to its own place the home stays covered.
  uncovers =
    service: bind:
    builtins.any (home: bind.from == home || bind.from != bind.to && within home bind.from) (
      service.homes.people or [ ]
    );

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
  # What is left of it when the rest has been refused or dropped.
  kept =
    service: value: filter (entry: verdictOf service entry == "kept") (map toString (words value));
in
{
  # service: { serviceConfig; bindPaths; devices; }; value: of BindPaths= or BindReadOnlyPaths=
  # -> verdict -> entries
  sorted = service: value: builtins.groupBy (verdictOf service) (map toString (words value));

  # The properties of a unit that show something, with what of them is kept: service -> { Property = own value -> value; }
  properties =
    service:
    let
      keep = own: if own == null then null else kept service own;
    in
    {
      BindPaths = keep;
      BindReadOnlyPaths = keep;
    };

  # Of a path that systemd opens for the service.
  verdictOf = service: path: verdictOf service (head (pieces ":" path));

  # Where a service sees something in what is otherwise private.
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

  source = entry: (read entry).from;
  showsHome = service: entry: uncovers service (read entry);

  inherit
    kept
    plain
    spelt
    within
    ;
}
