# Renders sections of a unit as systemd reads them (systemd.syntax(7)).
# A list becomes one line for each element, a boolean true or false, null nothing.
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    isBool
    isList
    ;

  value = v: if isBool v then (if v then "true" else "false") else toString v;

  line =
    key: v:
    if v == null then
      [ ]
    else if isList v then
      map (element: "${key}=${value element}") v
    else
      [ "${key}=${value v}" ];

  section =
    name: entries:
    let
      lines = concatMap (key: line key entries.${key}) (attrNames entries);
    in
    if lines == [ ] then [ ] else [ (concatStringsSep "\n" ([ "[${name}]" ] ++ lines)) ];
in
sections: concatStringsSep "\n\n" (concatMap (s: section s.name s.entries) sections) + "\n"
