# Where services keep state and logs, and what of it a unit has as its own: what it names.
let
  inherit (builtins)
    attrValues
    concatMap
    filter
    head
    isString
    match
    split
    ;
  inherit (import ../combine.nix) words;

  directories = [
    "/var/lib"
    "/var/log"
  ];

  # StateDirectory= and its kind: each word is a path, perhaps with a link to it behind a colon.
  made =
    parent: value: map (word: "${parent}/${head (filter isString (split ":" word))}") (words value);

  literal = builtins.replaceStrings [ "." "+" ] [ "[.]" "[+]" ];

  # What is right below one of these directories and named by a text.
  namedIn =
    directories: text:
    map (found: head found) (
      filter builtins.isList (
        split "((${builtins.concatStringsSep "|" (map literal directories)})/[A-Za-z0-9][-A-Za-z0-9._]*)" text
      )
    );

  texts =
    value: filter isString (if builtins.isList value then map toString value else [ (toString value) ]);
  textsOf = serviceConfig: concatMap texts (attrValues serviceConfig);

  below = directories: serviceConfig: concatMap (namedIn directories) (textsOf serviceConfig);
in
{
  inherit directories below;

  # Whether a unit names a directory itself.
  names =
    directory: serviceConfig:
    builtins.any (
      text: match ".*[^A-Za-z0-9._/]${literal directory}/?[^-A-Za-z0-9._/].*" " ${text} " != null
    ) (textsOf serviceConfig);

  # serviceConfig -> entries of BindPaths=
  own =
    serviceConfig:
    let
      all =
        made "/var/lib" (serviceConfig.StateDirectory or null)
        ++ made "/var/log" (serviceConfig.LogsDirectory or null)
        ++ below directories serviceConfig;
      unique = builtins.attrNames (
        builtins.listToAttrs (
          map (name: {
            inherit name;
            value = null;
          }) (filter (path: match "/var/lib/private" path == null) all)
        )
      );
    in
    map (path: "-${path}") unique;
}
