# Which drop-ins systemd reads for a unit (systemd.unit(5)). NixOS gives each the same file name, so that systemd reads
# the most specific one alone.
let
  inherit (builtins)
    elemAt
    filter
    head
    match
    ;

  # The part of a name up to its last dash, which names a drop-in of all units whose names begin so; null without one.
  shorter =
    prefix:
    let
      chopped = match "(.+)-" prefix;
      parts = match "(.+-)[^-]*" (if chopped == null then prefix else head chopped);
    in
    if parts == null then null else head parts;

  # The names whose drop-ins may change a unit, the most specific first; that of the unit's kind is the last.
  named =
    prefix: at: kind:
    [ "${prefix}${at}${kind}" ]
    ++ (if match "@.+" at == null then [ ] else named prefix "@" kind)
    ++ (
      if shorter prefix == null then
        [ ]
      else
        # A template's names are shortened to those of units that are none.
        named (shorter prefix) (if at == "@" then "" else at) kind
    );
in
rec {
  # A unit and its drop-in. systemd ends the last line of the one even if a backslash continues it.
  joined = text: dropIn: "${text}\n\n${dropIn}";

  candidates =
    name:
    let
      parts = match "([^@]*)(@.*)?[.]([a-z]+)" name;
    in
    named (head parts) (toString (elemAt parts 1)) ".${elemAt parts 2}" ++ [ (elemAt parts 2) ];

  # units: those of systemd.units
  isDropIn = units: name: units.${name}.overrideStrategy or null == "asDropin";

  # The unit whose drop-in systemd reads for a unit; null for none. One that is disabled masks the less specific ones.
  chosen =
    units: name:
    let
      dropIns = filter (isDropIn units) (candidates name);
    in
    if dropIns == [ ] || !(units.${head dropIns}.enable or true) then null else head dropIns;

  # What systemd may read of a unit: one text, or two if that depends on whether a package has a unit of its name. Then
  # the unit itself is a drop-in, and the most specific.
  texts =
    units: name:
    let
      own = units.${name}.text;
      other = chosen units name;
    in
    [ own ] ++ (if other == null || other == name then [ ] else [ (joined own units.${other}.text) ]);
}
