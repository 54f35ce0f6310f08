# How a property of the confinement combines with the unit's own value: functions of that value (null if the unit does
# not set it). None can weaken either of the two.
let
  inherit (builtins)
    elem
    filter
    head
    isString
    substring
    ;

  toList =
    value:
    if value == null then
      [ ]
    else if builtins.isList value then
      value
    else
      [ value ];

  # The texts between the places where a pattern matches.
  pieces = pattern: text: filter isString (builtins.split pattern text);

  words =
    value:
    builtins.concatMap (v: if isString v then filter (w: w != "") (pieces "[ \t\n]+" v) else [ v ]) (
      toList value
    );

  position =
    list: value:
    if list == [ ] then
      0
    else if elem value (head list) then
      builtins.length list
    else
      position (builtins.tail list) value;

  prefixes = "[[:space:]]*([-@:+!|]*)";

  prefixed =
    some: command:
    builtins.match ".*[${some}].*" (head (builtins.match "${prefixes}.*" command)) != null;

  yes = [
    true
    "true"
    "yes"
    "on"
    "1"
    1
  ];

  no = [
    false
    "false"
    "no"
    "off"
    "0"
    0
    "n"
    "f"
  ];

  # Whether systemd creates the service's user at start (systemd.exec(5), DynamicUser=).
  isDynamic = serviceConfig: elem (serviceConfig.DynamicUser or false) yes;

  # Whether systemd keeps the service's runtime directory (systemd.exec(5), RuntimeDirectoryPreserve=).
  keepsRuntime =
    serviceConfig:
    !elem (toString (serviceConfig.RuntimeDirectoryPreserve or "no")) [
      ""
      "no"
      "false"
      "off"
      "0"
    ];
in
{
  inherit
    isDynamic
    keepsRuntime
    no
    pieces
    toList
    words
    yes
    ;

  # A path as a pattern that matches it alone.
  literal = builtins.replaceStrings [ "." "+" ] [ "[.]" "[+]" ];

  # The items of a list, each once, in their order.
  unique = builtins.foldl' (list: item: if elem item list then list else list ++ [ item ]) [ ];

  # Texts, each once, sorted.
  sorted =
    texts:
    builtins.attrNames (
      builtins.listToAttrs (
        map (name: {
          inherit name;
          value = null;
        }) texts
      )
    );

  # The properties that hold commands (systemd.service(5)).
  commands = [
    "ExecCondition"
    "ExecStart"
    "ExecStartPre"
    "ExecStartPost"
    "ExecReload"
    "ExecReloadPost"
    "ExecStop"
    "ExecStopPost"
  ];

  # The prefixes of a command, and whether it has one of some of them (systemd.service(5)).
  inherit prefixes prefixed;

  # Whether a service runs as root, or in root's group.
  isRoot =
    {
      User ? "",
      Group ? "",
      SupplementaryGroups ? "",
      ...
    }@serviceConfig:
    let
      named =
        id:
        elem (toString id) [
          "root"
          "0"
        ];
      unnamed = toString User == "" && !isDynamic serviceConfig;
    in
    unnamed || named User || named Group || builtins.any named (words SupplementaryGroups);

  set = value: _: value;

  # systemd reads lists in order; the last entry wins. The result is never null, so Nix need not evaluate a list to know
  # whether the property exists. That lets a list depend on other properties of the finished unit.
  append = values: {
    neverNull = true;
    __functor = _: own: toList own ++ values;
  };

  # Adds system calls that nsguard-init makes to the unit's own SystemCallFilter= (systemd.exec(5)). If that lists
  # denied calls, they are removed from the list.
  callable =
    calls: own: if filter (line: line != "") (toList own) == [ ] then own else toList own ++ [ calls ];

  # `scale` lists groups of equivalent values, the strongest first.
  atLeast =
    scale: value: own:
    if position scale own > position scale value then own else value;

  # A list of allowed names. The unit's own list can narrow it; a leading ~ removes names.
  within =
    allowed: own:
    let
      entries = words own;
      first = if entries == [ ] then "" else head entries;
      denied = map (w: if substring 0 1 w == "~" then substring 1 (-1) w else w) entries;
      kept =
        if entries == [ ] then
          allowed
        else if substring 0 1 first == "~" then
          filter (name: !elem name denied) allowed
        else
          filter (name: elem name entries) allowed;
    in
    if kept == [ ] then "none" else builtins.concatStringsSep " " kept;
}
