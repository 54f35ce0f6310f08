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

  # Each directory right below one of these that a text names.
  namedIn =
    text:
    map (found: head found) (
      filter builtins.isList (split "(/var/(lib|log)/[A-Za-z0-9][-A-Za-z0-9._]*)" text)
    );

  texts =
    value: filter isString (if builtins.isList value then map toString value else [ (toString value) ]);
in
{
  inherit directories;

  # serviceConfig -> entries of BindPaths=
  own =
    serviceConfig:
    let
      named = concatMap (value: concatMap namedIn (texts value)) (attrValues serviceConfig);
      all =
        made "/var/lib" (serviceConfig.StateDirectory or null)
        ++ made "/var/log" (serviceConfig.LogsDirectory or null)
        ++ named;
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
