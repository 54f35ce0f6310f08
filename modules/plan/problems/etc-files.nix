# Files of environment.etc that systemd reads for confined units: units that come before those of NixOS, and drop-ins
# (systemd.unit(5), UNIT FILE LOAD PATH; NixOS adds /etc/systemd-mutable). nsguard does not know what they contain.
#
#   etc       [ { name; target; } ] of environment.etc
#   confined  full names of confined units
#   ours      full names of the units that nsguard defines itself, for apps, commands and namespaces
#   units     those of systemd.units
#   option    full name of a unit -> the option that defines it
# -> problems
{
  etc,
  confined,
  ours,
  units,
  option,
}:
let
  inherit (builtins)
    concatMap
    elem
    elemAt
    filter
    head
    match
    toJSON
    ;
  inherit (import ./drop-ins.nix) candidates;
  binds = import ../confinement/binds.nix;

  # The last part of a match is a path in a directory of units; null for the directory itself.
  inUnits = match "/etc/(systemd/system([.](control|attached))?|systemd-mutable(/system)?)(/(.*))?";
  # NixOS itself puts a directory there.
  isOwn = target: target == "/etc/systemd/system";

  # The names of a confined unit, as file names of units or drop-ins may contain them. of: the name in a file
  namesOf =
    of: unit:
    let
      template = match "([^@]*@)([.].*)" unit;
      instance = match "[^@]*@(.+)[.][a-z]+" of;
    in
    [ unit ]
    ++ units.${unit}.aliases or [ ]
    ++ (
      if template == null || instance == null then
        [ ]
      else
        [ "${head template}${head instance}${elemAt template 1}" ]
    );

  # The confined units that a file changes, by its path in a directory of units.
  changedBy =
    path:
    let
      dropIn = match "([^/]+)[.]d(/.*)?" path;
      of = head dropIn;
    in
    if path == null then
      guarded
    else if dropIn == null then
      filter (unit: elem path (namesOf path unit)) guarded
    else
      filter (unit: elem of (concatMap candidates (namesOf of unit))) guarded;
  guarded = confined ++ filter (unit: match ".*[.](service|socket)" unit != null) ours;

  ofFile =
    { name, target }:
    let
      whole = binds.plain "/etc/${target}";
      parts = inUnits whole;
      changed = changedBy (elemAt parts 5);
      unit = head changed;
      at = option unit;
      section = if match ".*[.]socket" unit == null then "serviceConfig" else "socketConfig";
    in
    {
      when = parts != null && !isOwn whole && changed != [ ];
      where = "environment.etc.${toJSON name}";
      what = "systemd reads it for ${unit}, which ${
        if elem unit ours then "is nsguard's" else "is confined"
      }, and nsguard cannot see what it changes";
      fix =
        if elem unit ours then
          "remove it, and write its lines in the options of the other units that need them"
        else
          "remove it, and write its lines as ${at}.${section} and ${at}.unitConfig";
    };
in
map ofFile etc
