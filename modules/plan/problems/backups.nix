# What a backup is to contain and the service cannot see, so that it would be missing without an error -> warnings, in the
# form of problems
let
  inherit (builtins)
    any
    filter
    head
    match
    ;
  inherit (import ../combine.nix) unique;
  inherit (import ./problem.nix) named;
  inherit (import ./sentences.nix) is it sentence;
  binds = import ../confinement/binds.nix;
  state = import ../confinement/state.nix;
in
# service.backup: { named; excluded; }, as the module of a backup program has them; null for other services
name: service:
let
  where = named "services" name;
  backup =
    if service.backup or null == null then
      {
        named = [ ];
        excluded = [ ];
      }
    else
      service.backup;
  # Of a pattern, the directory before its first wildcard.
  backedUp = map (path: binds.plain (head (match "(/([^*?[]*/)?).*" (path + "/")))) (
    filter (path: match "/.*" path != null) backup.named
  );
  excluded = filter (path: match "/[^*?[]*" path != null) backup.excluded;
  isShown = path: binds.grants (service.bindPaths or [ ]) path;
  isLeftOut = path: any (binds.within path) (map binds.plain excluded);
  # Whether one of the paths is a directory or contains it.
  isBackedUp =
    directory:
    any (path: path == "/" || binds.within directory path) backedUp
    && !isShown directory
    && !isLeftOut directory;

  homes =
    if service.hardening.hiddenHomes or true then
      filter isBackedUp (
        [
          "/home"
          "/root"
        ]
        ++ service.homes.hidden
      )
    else
      [ ];
  ofState = filter isBackedUp state.directories;
  # Named, and hidden all the same.
  closed = filter (path: state.notOwn path && !isShown path && !isLeftOut path) (
    unique (state.below state.directories { texts = backedUp; })
  );
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
  {
    when = closed != [ ];
    inherit where;
    what = missing closed;
    fix = "back ${it closed} up by a service that is not confined";
  }
]
