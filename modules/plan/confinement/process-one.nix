# What nsguard-init as process 1 of a unit's own hands on to the command, and how systemd reads the way that it ends.
#
# A signal to all processes of the unit reaches the command without nsguard-init's help. Signals that systemd sends to
# the main process alone, nsguard-init hands on. Process 1 cannot end by a signal, so it exits with 128 plus the
# signal's number. Where systemd takes an end by a signal for a clean one (systemd.service(5), SuccessExitStatus=), it
# must take that exit status for clean, too.
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
