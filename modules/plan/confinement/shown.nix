# Where bind mounts show a home a second time (mount(8), bind). Each shows at its mount point what its device contains, so
# a home at either end has another path at the other end, and through several mounts more than one.
#
# binds: [ { device; mountPoint; } ] -> accounts, as in ./homes.nix -> the same accounts with
#   shown    of each that may log in: the other paths of its home, and of directories in it whose files a login starts
#   parents  for root: the other paths of /home as a whole
# Other accounts have none: their state below /var/lib is often kept elsewhere, and their services may name that. No home
# is evaluated for the other attributes: bazarr's depends on its service, and so on the accounts.
let
  inherit (builtins)
    concatMap
    filter
    match
    stringLength
    substring
    ;
  inherit (import ./binds.nix) plain within;
  inherit (import ../combine.nix) unique;
  paths = import ./paths.nix;

  # The part of a path after a directory that contains it, with its slash; null if the directory does not contain it.
  below =
    directory: path:
    let
      base = if directory == "/" then "" else directory;
    in
    if directory == "/" || within path directory then substring (stringLength base) (-1) path else null;

  isBelow = directory: path: path != directory && below directory path != null;

  # The paths that a home has at one end of a bind, by what is at the other end.
  across =
    from: to: home:
    let
      rest = below from home;
      inHome = substring (stringLength home + 1) (-1) from;
    in
    if rest != null then
      [ (plain (to + rest)) ]
    else if isBelow home from && match paths.startedInHome inHome != null then
      [ to ]
    else
      [ ];

  # The home of which a directory is kept elsewhere below the same path: /persist/home/alice/Music at /home/alice/Music.
  mirrored =
    { device, mountPoint }:
    home:
    let
      rest = stringLength device - stringLength mountPoint;
    in
    if rest > 0 && substring rest (-1) device == mountPoint && isBelow home mountPoint then
      [ (substring 0 rest device + home) ]
    else
      [ ];

  # Through three binds at most, and through each once: binds of a whole system would have ever more paths.
  places =
    most: binds: home:
    concatMap (
      bind:
      concatMap (path: [ path ] ++ places (most - 1) (filter (other: other != bind) binds) path) (
        across bind.device bind.mountPoint home
        ++ across bind.mountPoint bind.device home
        ++ mirrored bind home
      )
    ) (if most == 0 then [ ] else binds);
in
binds:
let
  plainBinds = map (bind: {
    device = plain bind.device;
    mountPoint = plain bind.mountPoint;
  }) binds;
  placesOf = home: filter (path: path != home) (unique (places 3 plainBinds home));
in
builtins.mapAttrs (
  name: account:
  let
    home = plain (toString account.home);
    logsIn = account.person or false || name == "root" || within home "/home";
  in
  account
  // {
    shown = if plainBinds != [ ] && logsIn then placesOf home else [ ];
  }
  // (if name == "root" then { parents = placesOf "/home"; } else { })
)
