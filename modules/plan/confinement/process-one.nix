# nsguard-init as process 1 of a unit's own process namespace: which signals it forwards to the command, and how systemd
# interprets its exit status.
#
# A signal to all processes of the unit reaches the command directly. nsguard-init forwards the one that systemd sends
# to the main process only, for a reload: a unit whose KillMode= has more of them is not run so (./own-processes.nix).
# Process 1 cannot end by a signal, so it exits with 128 plus the signal's number. If systemd counts an end by a
# signal as clean (systemd.service(5), SuccessExitStatus=), it must count that exit status as clean, too. If it
# restarts after a signal, it must restart after that exit status as well.
#
# The other commands of the unit cannot use the number in $MAINPID; ./front.nix replaces commands that signal it.
#
# a service's own properties -> { front; properties; } and, without process numbers of its own, { stays; exits; }
serviceConfig:
let
  inherit (builtins) elem;
  inherit (import ../combine.nix) append callable;
  inherit (import ./main-signal.nix) signals;

  text =
    property: default:
    let
      value = serviceConfig.${property} or null;
    in
    if value == null then default else toString value;

  reload = if text "Type" "" == "notify-reload" then text "ReloadSignal" "SIGHUP" else null;
  exits =
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
    );
in
{
  inherit exits;

  # Without process numbers of its own: whether nsguard-init must be the main process all the same. When the main
  # process has ended, systemd kills the other processes of such a unit, among them the one that still holds the
  # program's last output (systemd.kill(5)).
  stays = text "KillMode" "" == "mixed" && text "Type" "" != "forking";

  front =
    # SIGKILL can be neither caught nor forwarded.
    (if reload == null || reload == "SIGKILL" then [ ] else [ "--forward=${reload}" ])
    ++ (if signals serviceConfig == [ ] then [ ] else [ "--signalled" ]);
  properties =
    exits
    // (
      if signals serviceConfig == [ ] then
        { }
      else
        {
          # The signals come through a message queue, which the unit's own list of system calls must allow.
          SystemCallFilter = callable "mq_open mq_unlink mq_timedsend mq_timedreceive";
        }
    );
}
