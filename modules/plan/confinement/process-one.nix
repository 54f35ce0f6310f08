# What nsguard-init as process 1 of a unit's own hands on to the command, and how systemd reads the way that it ends.
#
# A signal to all processes of the unit reaches the command without its help; what systemd sends to the main process alone
# it is told to hand on. It cannot end by a signal, so it exits with 128 and the signal's number: what systemd takes for a
# clean end of a daemon by a signal (systemd.service(5), SuccessExitStatus=) is one by such a status as well.
#
# a service's own properties -> { front; properties; }
serviceConfig:
let
  inherit (builtins) concatStringsSep elem filter;
  inherit (import ../combine.nix) append yes;

  text =
    property: default:
    let
      value = serviceConfig.${property} or null;
    in
    if value == null then default else toString value;

  stop = text "KillSignal" "SIGTERM";
  toMainAlone =
    (
      if
        elem (text "KillMode" "control-group") [
          "mixed"
          "process"
        ]
      then
        [
          stop
          (text "RestartKillSignal" stop)
          (text "WatchdogSignal" "SIGABRT")
        ]
        ++ (if elem (serviceConfig.SendSIGHUP or false) yes then [ "SIGHUP" ] else [ ])
      else
        [ ]
    )
    ++ (if text "Type" "" == "notify-reload" then [ (text "ReloadSignal" "SIGHUP") ] else [ ]);
  # No process can hand it on.
  signals = filter (signal: signal != "SIGKILL") toMainAlone;
in
{
  front = if signals == [ ] then [ ] else [ "--forward=${concatStringsSep "," signals}" ];
  properties =
    if text "Type" "" == "oneshot" then
      { }
    else
      {
        # SIGHUP, SIGINT, SIGPIPE, SIGTERM
        SuccessExitStatus = append [ "129 130 141 143" ];
      };
}
