# The commands of a unit that run without the confinement, without its check, or with a socket of the host's in hand.
{ facts }:
let
  inherit (builtins)
    concatMap
    elem
    elemAt
    filter
    head
    length
    match
    stringLength
    substring
    ;
  inherit (import ./text.nix) last;
  inherit
    (import ./lacking.nix {
      inherit facts;
      place = null;
    })
    canonical
    lacking
    ;
  inherit
    (import ./exposed.nix {
      inherit facts;
      place = null;
    })
    hole
    ;

  keys = [
    "ExecCondition"
    "ExecReload"
    "ExecStart"
    "ExecStartPost"
    "ExecStartPre"
    "ExecStop"
    "ExecStopPost"
  ];

  parts = match "([-@:+!|[:space:]]*)(.*)";
  prefixes = command: elemAt (parts command) 0;
  program = command: elemAt (parts command) 1;
  privileged = command: match ".*[+!].*" (prefixes command) != null;

  ofKey = unit: key: unit.values "${unit.section}.${key}";

  outside =
    unit:
    if unit.privileged then
      [ ]
    else
      concatMap (
        key:
        map (command: hole "${unit.section}.${key}" command "privileged") (
          filter privileged (ofKey unit key)
        )
      ) keys;

  # The check comes first, and its failure counts.
  unchecked =
    unit: key: commands:
    if commands != [ ] && head commands == unit.check then
      [ ]
    else
      [
        (lacking "namespace-check" "${unit.section}.${key}" (if commands == [ ] then "" else head commands))
      ];

  inJournal = stream: match "(journal|syslog|kmsg)([+]console)?" stream != null;

  # A command that is started by none of the programs that open a connection of their own.
  connected =
    unit:
    let
      setting = key: last (unit.raw "Service.${key}");
      output = if setting "StandardOutput" == null then "journal" else setting "StandardOutput";
      error =
        if
          elem (setting "StandardError") [
            null
            "inherit"
          ]
        then
          output
        else
          setting "StandardError";
      started =
        command:
        command == unit.check
        ||
          filter (
            starter: substring 0 (stringLength starter + 1) (program command) == "${starter} "
          ) unit.starters != [ ];
    in
    if !inJournal output && !inJournal error then
      [ ]
    else
      concatMap (
        key:
        map (lacking "journal-connection" "Service.${key}") (
          filter (command: !started command && !privileged command) (ofKey unit key)
        )
      ) keys;

  # A unit that comes with a package, of which only what is laid over it is known here.
  unseen =
    unit:
    if unit.complete || length (ofKey unit "ExecStart") > 0 then
      [ ]
    else
      [ (lacking "journal-connection" "Service.ExecStart" "") ];
in
{
  ofService =
    unit:
    outside unit
    ++ (
      if
        elem (canonical (last (unit.raw "Service.PermissionsStartOnly"))) [ "yes" ] && !unit.privileged
      then
        [ (hole "Service.PermissionsStartOnly" "yes" "privileged") ]
      else
        [ ]
    )
    ++ unchecked unit "ExecStartPre" (ofKey unit "ExecStartPre")
    ++ (
      if ofKey unit "ExecCondition" == [ ] then
        [ ]
      else
        unchecked unit "ExecCondition" (ofKey unit "ExecCondition")
    )
    ++ connected unit
    ++ unseen unit;

  ofSocket = unit: outside unit ++ unchecked unit "ExecStartPre" (ofKey unit "ExecStartPre");
}
