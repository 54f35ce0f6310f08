# Homes outside /home that are hidden from a service although it may need them -> warnings, in the form of problems
let
  inherit (builtins)
    any
    concatMap
    elem
    filter
    match
    partition
    stringLength
    substring
    ;
  inherit (import ../combine.nix) unique;
  inherit (import ./problem.nix) named;
  inherit (import ./sentences.nix)
    is
    it
    list
    sentence
    ;
  binds = import ../confinement/binds.nix;
  paths = import ../confinement/paths.nix;
  state = import ../confinement/state.nix;

  optional = map (path: "-${path}");

  # The directories that contain a path.
  around = path: if path == "/" then [ ] else [ (dirOf path) ] ++ around (dirOf path);
in
# texts: what names files for the service's commands
name: service: texts:
let
  where = named "services" name;
  shown = "${where}.serviceConfig.ReadWritePaths";
  inherit (service.homes)
    hidden
    own
    reached
    visible
    ;
  granted = binds.grants (service.bindPaths or [ ]);
  seen = visible ++ binds.visible service;
  isSeen = path: granted path || any (binds.within path) seen;

  # What the texts name of hidden homes: whole ones, and paths in others.
  namedOf =
    homes:
    let
      whole = filter (home: !granted home && state.names home { inherit texts; }) homes;
      inside = filter (path: !isSeen path && !any (binds.within path) whole) (
        if homes == [ ] then [ ] else state.anyBelow homes { inherit texts; }
      );
    in
    unique (whole ++ inside);

  ofOwn = filter (home: elem home hidden) own;
  ofOthers = filter (home: elem home hidden && !elem home own) reached;

  # A login starts or reads some; the properties that show others show none of these.
  inOwn = partition (path: !any (isOfLogin path) ofOwn) (namedOf ofOwn);
  isOfLogin =
    path: home:
    binds.within path home
    && match paths.startedInHome (substring (stringLength home + 1) (-1) path) != null;
  # The service sees nothing in them, and nothing names a path there.
  unnamed = filter (
    home: !any (path: binds.within path home) (seen ++ inOwn.right ++ inOwn.wrong)
  ) ofOwn;

  # Its commands name these, and its properties do not.
  needed = namedOf ofOthers;
  # Its commands name a directory that contains these.
  contains = home: directory: directory == "/" || binds.within home directory;
  parents = filter (directory: state.names directory { inherit texts; }) (
    unique (concatMap around ofOthers)
  );
  contained = filter (
    home: any (contains home) parents && !granted home && !elem home needed
  ) ofOthers;
  containing = filter (directory: any (home: contains home directory) contained) parents;
in
[
  {
    when = inOwn.right != [ ];
    inherit where;
    what =
      "${sentence inOwn.right} ${is inOwn.right} hidden from the service, which names ${it inOwn.right}:"
      + " it sees only what the unit's properties name of its user's home";
    fix = "to make ${it inOwn.right} visible, set ${shown} = ${list (optional inOwn.right)};";
  }
  {
    when = inOwn.wrong != [ ];
    inherit where;
    what =
      "${sentence inOwn.wrong} ${is inOwn.wrong} hidden from the service, which names ${it inOwn.wrong}:"
      + " a login of its user starts or reads files there";
    fix = "to accept that the service can write them, set ${where}.nsguard.bindPaths = ${list inOwn.wrong};";
  }
  {
    when = unnamed != [ ];
    inherit where;
    what = "${sentence unnamed}, the home of the service's user, ${is unnamed} hidden from it, and the unit names no path there";
    fix = "if the service needs a directory in it, add the whole path of that directory to ${shown}";
  }
  {
    when = needed != [ ];
    inherit where;
    what =
      "${sentence needed} ${is needed} hidden from the service, whose commands name ${it needed},"
      + " because its capabilities open other accounts' homes";
    fix = "to show ${it needed} to the service, set ${shown} = ${list (optional needed)};";
  }
  {
    when = contained != [ ];
    inherit where;
    what =
      "${sentence contained} ${is contained} hidden from the service, whose commands name ${sentence containing},"
      + " because its capabilities open other accounts' homes";
    fix =
      "to show ${it contained} to the service, set ${shown} = ${list (optional contained)};"
      + " to keep ${it contained} hidden without this warning, set"
      + " ${where}.serviceConfig.InaccessiblePaths = ${list (optional contained)};";
  }
]
