# Why systemd cannot run a unit in process numbers of its own, if it cannot.
#
# systemd cannot start a unit for which it creates the user and maps directories to that user: it writes the map to
# /proc under a process number that means another process there, and the start fails with status 226 (systemd#41014).
# On file systems that cannot be mapped, such as overlays, this does not occur.
#
# systemd does not properly stop a unit whose KillMode= signals the main process only. The program is a grandchild,
# which becomes systemd's child when the process between them has ended. systemd checks only once whose child it is,
# often before that (seen with 8 of 60 starts of systemd 257). If the main process was not its child then, systemd does
# not wait after the signal and sends SIGKILL at once. With other values of KillMode= it waits for the control group.
#
# a service's own properties -> null or { what; fix, of a path }
let
  inherit (builtins) any elem;
  inherit (import ../combine.nix) isDynamic keepsRuntime words;
in
serviceConfig:
let
  killMode = toString (serviceConfig.KillMode or "");
  has = key: words (serviceConfig.${key} or null) != [ ];
  keepsDirectories =
    any has [
      "CacheDirectory"
      "LogsDirectory"
      "StateDirectory"
    ]
    || has "RuntimeDirectory" && keepsRuntime serviceConfig;
in
if isDynamic serviceConfig && keepsDirectories then
  {
    what =
      "systemd cannot start a unit that has process numbers of its own, DynamicUser and directories that systemd"
      + " keeps for it (systemd issue 41014)";
    fix = path: "give the service a user of the host with ${path}.User and DynamicUser = false;";
  }
else if
  elem killMode [
    "mixed"
    "process"
  ]
then
  {
    what =
      "systemd sometimes kills a unit that has process numbers of its own at once, in place of stopping it, if KillMode"
      + " is \"${killMode}\"";
    fix =
      path: "have all its processes told to stop with ${path}.KillMode = lib.mkForce \"control-group\";";
  }
else
  null
