# Where a path of a unit leads: specifiers filled in, doubled slashes and dots removed, known links followed.
{ facts }:
let
  inherit (builtins)
    concatStringsSep
    elemAt
    filter
    head
    isString
    match
    split
    stringLength
    substring
    ;

  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;

  # Specifiers that only the running unit knows; they may be any text.
  unknown = "*";

  # The specifiers of unit NAME: its own names, and the manager's.
  specifier =
    unit: letter:
    let
      parts = match "([^@]*)@?(.*)[.][a-z]+" unit;
      instance = elemAt parts 1;
      own = {
        "%" = "%";
        n = unit;
        N = head (match "(.*)[.][a-z]+" unit);
        p = elemAt parts 0;
        i = if instance == "" then unknown else instance;
        j = elemAt (match "(.*-)?([^-]*)" (elemAt parts 0)) 1;
      };
    in
    own.${letter} or facts.specifiers.${letter} or unknown;

  filled =
    unit: path:
    concatStringsSep "" (
      map (part: if isString part then part else specifier unit (elemAt part 0)) (split "%(.)" path)
    );

  components = path: filter (part: isString part && part != "" && part != ".") (split "/" path);

  # "/" for none of them.
  absolute = parts: "/" + concatStringsSep "/" parts;

  without =
    parts: part:
    if part != ".." then
      parts ++ [ part ]
    else if parts == [ ] then
      [ ]
    else
      filter isString (
        map (index: elemAt parts index) (builtins.genList (i: i) (builtins.length parts - 1))
      );

  normal = path: absolute (builtins.foldl' without [ ] (components path));

  followed =
    depth: path:
    let
      link = filter (link: path == link || hasPrefix "${link}/" path) (builtins.attrNames facts.links);
      target = facts.links.${head link} + substring (stringLength (head link)) (-1) path;
    in
    if depth == 0 || link == [ ] then path else followed (depth - 1) (normal target);
  # The part before the first specifier that only the running unit knows.
  known = path: head (match "([^*]*).*" path);
in
rec {
  inherit filled;

  # unit: its full name
  resolved = unit: path: followed 4 (normal (filled unit path));

  # Whether a path equals another, or is certainly below it.
  within = path: directory: directory == "/" || path == directory || hasPrefix "${directory}/" path;

  # Whether a path that is not known in full may be there.
  perhapsWithin =
    path: directory:
    within path directory || known path != path && hasPrefix (known path) "${directory}/";

  # Whether another path is in this path or equals it; for a path that is not known in full, whether it may.
  perhapsAbove = path: other: within other path || known path != path && hasPrefix (known path) other;
  isAbove = path: other: path != other && within other path;

  among = path: directories: filter (within path) directories != [ ];
  perhapsAmong = path: directories: filter (perhapsWithin path) directories != [ ];
}
