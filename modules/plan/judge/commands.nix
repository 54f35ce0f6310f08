# Commands of a unit that run unconfined, without the check of the namespace, or with a socket of the host.
{ facts }:
let
  inherit (builtins)
    concatMap
    elem
    filter
    match
    ;
  inherit (import ./text.nix) last;
  inherit
    (import ./lacking.nix {
      inherit facts;
      paths = null;
    })
    canonical
    lacking
    ;
  inherit
    (import ./exposed.nix {
      inherit facts;
      paths = null;
    })
    hole
    ;

  keys = [
    "ExecCondition"
    "ExecReload"
    "ExecReloadPost"
    "ExecStart"
    "ExecStartPost"
    "ExecStartPre"
    "ExecStop"
    "ExecStopPost"
    "ExecStopPre"
  ];

  inherit (import ./front.nix) isCheck options prefixes;
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

  # nsguard-init checks the namespace in front of every command.
  unchecked =
    unit:
    concatMap (
      key:
      map (lacking "namespace-check" "${unit.section}.${key}") (
        filter (
          command: !elem unit.verified (options unit command) && (unit.privileged || !privileged command)
        ) (ofKey unit key)
      )
    ) keys;

  # If a command is not visible here, the check must come before all others.
  unguarded =
    unit:
    let
      commands = ofKey unit "ExecStartPre";
      first = if commands == [ ] then "" else builtins.head commands;
    in
    if isCheck unit first then
      [ ]
    else
      [ (lacking "namespace-check" "${unit.section}.ExecStartPre" first) ];

  # Commands in the sandbox whose nsguard-init lacks an option, by which a protection is in force.
  without =
    unit: option: protection:
    concatMap (
      key:
      map (lacking protection "Service.${key}") (
        filter (command: !elem option (options unit command) && !privileged command) (ofKey unit key)
      )
    ) keys;

  inJournal = stream: match "(journal|syslog|kmsg)([+]console)?" stream != null;

  # A command that gets systemd's connection to the journal.
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
    in
    if !inJournal output && !inJournal error then
      [ ]
    else
      without unit "--journal" "journal-connection" ++ unseen unit;

  # The unit of a package, of which only the drop-ins are known here.
  unseen =
    unit:
    if unit.complete || builtins.length (ofKey unit "ExecStart") > 0 then
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
    ++ unchecked unit
    ++ (if ofKey unit "ExecStart" == [ ] then unguarded unit else [ ])
    # systemd passes sockets to the main command, and to all commands if a standard stream is a socket.
    ++ without unit "--own-sockets" "own-sockets"
    ++ connected unit;

  ofSocket = unit: outside unit ++ unchecked unit ++ unguarded unit;
}
