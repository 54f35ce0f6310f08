# Drop-ins that change an app's unit past its options. They come after what confines it -> problems
#
#   ours      full names of the units that nsguard defines itself
#   units     those of systemd.units
#   option    full name of a unit -> the option that defines it
#   settings  text of a unit -> names such as "Service.User"
{
  ours,
  units,
  option,
  settings,
}:
let
  inherit (builtins)
    concatMap
    filter
    head
    match
    ;
  dropIns = import ./drop-ins.nix;

  isHarmless =
    setting:
    match "Service[.](X-.*|${import ./harmless.nix})" setting != null
    || match "Service[.].*|Unit[.]JoinsNamespaceOf" setting == null;

  ofApp =
    unit:
    let
      app = match "nsguard-app-(.*)[.]service" unit;
      # A unit of NixOS that has the name of a package's is its drop-in.
      from = if units ? ${unit} then unit else dropIns.chosen units unit;
      changed = filter (setting: !isHarmless setting) (settings units.${from}.text);
    in
    if app == null || from == null || !(units.${from}.enable or true) then
      [ ]
    else
      map (setting: {
        where = "${option from}.${
          builtins.replaceStrings [ "Service." "Unit." ] [ "serviceConfig." "unitConfig." ] setting
        }";
        what = "it would change ${unit}, which confines an app, and nsguard does not judge it there";
        fix =
          if match "Unit[.].*" setting != null then
            "remove it"
          else if from == unit then
            "set it in nsguard.apps.${head app}.extraServiceConfig"
          else
            "set it in the options of the other units that need it";
      }) changed;
in
concatMap ofApp ours
