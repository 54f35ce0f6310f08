# nsguard-init as process 1 of a unit's own process namespace: which signals it forwards to the command, and how systemd
# interprets its exit status.
#
# A signal to all processes of the unit reaches the command directly. nsguard-init forwards the signals that systemd
# sends to the main process only. Process 1 cannot end by a signal, so it exits with 128 plus the signal's number. If
# systemd counts an end by a signal as clean (systemd.service(5), SuccessExitStatus=), it must count that exit status
# as clean, too. If it restarts after a signal, it must restart after that exit status as well.
#
# By $MAINPID, the other commands of the unit signal no process that they know of: see ./front.nix.
#
# a service's own properties -> { front; properties; }
serviceConfig:
let
  inherit (builtins) elem;
  inherit (import ../combine.nix) append callable yes;
  inherit (import ./main-signal.nix) signals;

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
  # No process can forward it.
  handedOn = builtins.filter (signal: signal != "SIGKILL") toMainAlone;
in
{
  front =
    (if handedOn == [ ] then [ ] else [ "--forward=${builtins.concatStringsSep "," handedOn}" ])
    ++ (if signals serviceConfig == [ ] then [ ] else [ "--signalled" ]);
  properties =
    (
      if text "Type" "" == "oneshot" then
        { }
      else
        {
          # SIGHUP, SIGINT, SIGPIPE, SIGTERM
          SuccessExitStatus = append [ "129 130 141 143" ];
        }
    )
    // (
      if
        elem (text "Restart" "") [
          "on-abnormal"
          "on-abort"
        ]
      then
        {
          # SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGSEGV, SIGSYS
          RestartForceExitStatus = append [ "131 132 133 134 135 136 137 139 159" ];
        }
      else
        { }
    )
    // (
      if signals serviceConfig == [ ] then
        { }
      else
        {
          # The queue by which they come, where the unit says what its commands may call.
          SystemCallFilter = callable "mq_open mq_unlink mq_timedsend mq_timedreceive";
        }
    );
}
