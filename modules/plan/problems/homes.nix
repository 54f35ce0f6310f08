# Homes outside /home that are hidden from a service although it may need them -> warnings, in the form of problems
let
  inherit (builtins)
    concatStringsSep
    elem
    filter
    toJSON
    ;
  inherit (import ../combine.nix) unique;
  inherit (import ./problem.nix) named;
  binds = import ../confinement/binds.nix;
  state = import ../confinement/state.nix;

  sentence = concatStringsSep ", ";
  is = paths: if builtins.length paths == 1 then "is" else "are";
in
# texts: what names files for the service's commands
name: service: texts:
let
  where = named "services" name;
  inherit (service.homes)
    hidden
    own
    reached
    visible
    ;
  # The service sees only the paths in them that the unit names.
  unnamed = filter (
    home: elem home hidden && !builtins.any (path: binds.within path home) visible
  ) own;

  # Its commands name these, and its properties do not.
  ofOthers = filter (home: elem home hidden && !elem home own) reached;
  granted = binds.grants (service.bindPaths or [ ]);
  whole = filter (home: !granted home && state.names home { inherit texts; }) ofOthers;
  inside = filter (path: !granted path && !builtins.any (binds.within path) (visible ++ whole)) (
    if ofOthers == [ ] then [ ] else state.below ofOthers { inherit texts; }
  );
  needed = unique (whole ++ inside);
in
[
  {
    when = unnamed != [ ];
    inherit where;
    what = "${sentence unnamed}, the home of the service's user, ${is unnamed} hidden from it";
    fix =
      "to make a directory in it visible, name it in the unit:"
      + " ${where}.serviceConfig.ReadWritePaths = [ ${toJSON "${builtins.head unnamed}/…"} ];";
  }
  {
    when = needed != [ ];
    inherit where;
    what =
      "${sentence needed} ${is needed} hidden from the service, whose commands name it,"
      + " because its capabilities open other accounts' homes";
    fix =
      "to show that to the service, set"
      + " ${where}.serviceConfig.ReadWritePaths = [ ${
         concatStringsSep " " (map (path: toJSON "-${path}") needed)
       } ];";
  }
]
