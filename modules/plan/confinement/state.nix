# Where services keep state and logs, and what of it a unit has as its own: what it names, and what systemd makes for it.
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
    pieces
    sorted
    toList
    words
    ;
  binds = import ./binds.nix;
  paths = import ./paths.nix;

  directories = [
    "/var/lib"
    "/var/log"
  ];

  # StateDirectory= and its kind: each word is a path, perhaps with a link to it behind a colon.
  made = parent: value: map (word: "${parent}/${head (pieces ":" word)}") (words value);

  literal = builtins.replaceStrings [ "." "+" ] [ "[.]" "[+]" ];

  # What is right below one of these directories and named by a text.
  namedIn =
    directories: text:
    map head (
      filter builtins.isList (
        split "((${builtins.concatStringsSep "|" (map literal directories)})/[A-Za-z0-9][-A-Za-z0-9._]*)" text
      )
    );

  # These show what they name, and as they say.
  binding = [
    "BindPaths"
    "BindReadOnlyPaths"
    "TemporaryFileSystem"
  ];
  texts = set: map toString (concatMap toList (builtins.attrValues set));

  below = directories: serviceConfig: concatMap (namedIn directories) (texts serviceConfig);

  # Those of daemons, and the directory in which systemd keeps those of DynamicUser=.
  notOwn = path: match paths.reopened path != null || match "/var/(lib|log)/private" path != null;
in
{
  inherit directories below;

  # Whether a unit names a directory itself.
  names =
    directory: serviceConfig:
    builtins.any (
      text: match ".*[^A-Za-z0-9._/]${literal directory}/?[^-A-Za-z0-9._/].*" " ${text} " != null
    ) (texts serviceConfig);

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
      bySystemd =
        made "/var/lib" (serviceConfig.StateDirectory or null)
        ++ made "/var/log" (serviceConfig.LogsDirectory or null);
      others = bySystemd ++ binds.visible service ++ homes.people;
      # Of a user that systemd makes, systemd binds these in by itself, below a directory that only it enters.
      all =
        filter (path: !notOwn path && !builtins.elem path others) (inNames ++ homes.state)
        ++ (if isDynamic serviceConfig then [ ] else bySystemd);
    in
    map (path: "-${path}") (sorted all);
}
