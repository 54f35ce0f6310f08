# The directories of state and logs, and which paths in them belong to a unit: those that it names, and those that
# systemd creates for it.
let
  inherit (builtins)
    concatMap
    filter
    head
    match
    split
    ;
  inherit (import ../combine.nix)
    isDynamic
    literal
    sorted
    toList
    ;
  inherit (import ./directories.nix) made;
  binds = import ./binds.nix;
  paths = import ./paths.nix;

  directories = [
    "/var/lib"
    "/var/log"
  ];

  entry = "[A-Za-z0-9][-A-Za-z0-9._]*";
  # Directories in a home that have an entry for each of many programs.
  shared = "[.](config|cache|local/(share|state))/";
  dotted = "${shared}[.]?${entry}|[.]${entry}";

  # The entries of these directories that a text names. pattern: of an entry
  namedAs =
    pattern: directories: text:
    map head (
      filter builtins.isList (
        split "((${builtins.concatStringsSep "|" (map literal directories)})/(${pattern}))" text
      )
    );
  namedIn = namedAs entry;

  # These properties mount the paths that they name by themselves.
  binding = [
    "BindPaths"
    "BindReadOnlyPaths"
    "TemporaryFileSystem"
  ];
  texts = set: map toString (concatMap toList (builtins.attrValues set));

  # What a unit's own properties name, and the directories that systemd makes for it.
  textsOf =
    serviceConfig:
    texts serviceConfig ++ made "CacheDirectory" serviceConfig ++ made "LogsDirectory" serviceConfig;

  below = directories: serviceConfig: concatMap (namedIn directories) (textsOf serviceConfig);

  # These properties name nothing but paths.
  ofPaths = {
    ReadOnlyPaths = null;
    ReadWritePaths = null;
    WorkingDirectory = null;
  };

  # Paths of daemons and of the system, and where systemd keeps the state of services with DynamicUser=.
  notOwn = path: match "${paths.reopened}|${paths.started}|/var/(lib|log)/private" path != null;
in
{
  inherit directories below notOwn;

  # The same with entries such as .config/app, where a property that names nothing but paths names them: homes keep
  # agents' sockets there, and a command may name one only to leave it out.
  shownBelow =
    directories: serviceConfig:
    below directories serviceConfig
    ++ concatMap (namedAs dotted directories) (texts (builtins.intersectAttrs ofPaths serviceConfig));

  # The same, whatever names them.
  anyBelow =
    directories: serviceConfig:
    concatMap (namedAs "${entry}|${dotted}" directories) (textsOf serviceConfig);

  # Whether a unit names a directory, and not only a path in it.
  names =
    directory: serviceConfig:
    builtins.any (
      # Not by `match`: a script may be longer than it can read.
      text:
      builtins.length (split "[^A-Za-z0-9._/]${literal directory}/?[^-A-Za-z0-9._/]" " ${text} ") > 1
    ) (textsOf serviceConfig);

  # { serviceConfig; environment; scripts; bindPaths; homes; } -> entries of BindPaths=
  own =
    {
      serviceConfig,
      environment ? { },
      scripts ? [ ],
      homes,
      ...
    }@service:
    let
      inNames = concatMap (namedIn directories) (
        texts (removeAttrs serviceConfig binding) ++ texts environment ++ scripts
      );
      bySystemd = made "StateDirectory" serviceConfig ++ made "LogsDirectory" serviceConfig;
      others = bySystemd ++ binds.visible service ++ homes.people;
      # With DynamicUser= systemd itself binds these directories, which are below one that only root enters.
      all =
        filter (path: !notOwn path && !builtins.elem path others) (inNames ++ homes.state)
        ++ (if isDynamic serviceConfig then [ ] else bySystemd);
    in
    map (path: "-${path}") (sorted all);
}
