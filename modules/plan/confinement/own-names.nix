# A value with the specifiers of the unit's own name (systemd.unit(5)). name: the unit's, without its kind; value
let
  inherit (builtins) elemAt head match;
in
name:
let
  parts = match "([^@]*)(@(.*))?" name;
  prefix = head parts;
  instance = if elemAt parts 2 == null then "" else elemAt parts 2;
in
builtins.replaceStrings
  [
    "%N"
    "%p"
    "%j"
    "%i"
    "%I"
  ]
  [
    name
    prefix
    (elemAt (match "(.*-)?([^-]*)" prefix) 1)
    instance
    instance
  ]
