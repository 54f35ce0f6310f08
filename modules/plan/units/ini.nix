# Renders sections of a unit as systemd reads them (systemd.syntax(7)).
# A list becomes one line for each element, a boolean true or false, null nothing.
let
  inherit (builtins) concatStringsSep;

  value = v: if builtins.isBool v then (if v then "true" else "false") else toString v;

  lines =
    key: v:
    if v == null then
      ""
    else if builtins.isList v then
      concatStringsSep "" (map (element: "${key}=${value element}\n") v)
    else
      "${key}=${value v}\n";

  section =
    { name, entries }:
    let
      text = concatStringsSep "" (builtins.attrValues (builtins.mapAttrs lines entries));
    in
    if text == "" then "" else "[${name}]\n${text}";
in
sections: concatStringsSep "\n" (builtins.filter (text: text != "") (map section sections))
