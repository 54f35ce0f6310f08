# What a backup is to contain and the service cannot see, so that it would be missing without an error -> warnings, in the
# form of problems
let
  inherit (builtins)
    any
    concatStringsSep
    filter
    head
    match
    ;
  inherit (import ./problem.nix) named;
  binds = import ../confinement/binds.nix;
  state = import ../confinement/state.nix;

  sentence = concatStringsSep ", ";
  is = paths: if builtins.length paths == 1 then "is" else "are";
in
# service.backsUp: the paths that the backup is to contain
name: service:
let
  where = named "services" name;
  # Of a pattern, the directory before its first wildcard.
  backedUp = map (path: binds.plain (head (match "(/([^*?[]*/)?).*" (path + "/")))) (
    filter (path: match "/.*" path != null) service.backsUp or [ ]
  );
  # Whether one of the paths is a directory or contains it.
  isBackedUp =
    directory: any (path: path == "/" || binds.within directory path) backedUp && !isShown directory;
  isShown = directory: any (path: path == directory) (binds.visible service);

  homes = filter isBackedUp (
    (
      if service.hardening.hiddenHomes or true then
        [
          "/home"
          "/root"
        ]
      else
        [ ]
    )
    ++ service.homes.hidden
  );
  ofState = filter isBackedUp state.directories;
  missing =
    directories:
    "the backup would lack ${sentence directories}, which ${is directories} hidden from the service";
in
[
  {
    when = homes != [ ];
    inherit where;
    what = missing homes;
    fix =
      "to show homes to it, set ${where}.nsguard = { hardening.hiddenHomes = false;"
      + " capabilities = [ \"CAP_DAC_READ_SEARCH\" ]; }; or back up other paths";
  }
  {
    when = ofState != [ ];
    inherit where;
    what = "${missing ofState}, except for what its unit names there";
    fix = "name each directory of other services, such as \"/var/lib/postgresql\", or leave the backup unconfined";
  }
]
