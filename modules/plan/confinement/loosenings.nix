# Protections that a service can give up, each by an option of its own, nsguard.hardening.NAME = false:
#   what     what the option is for, in its description
#   without  the protections that this removes, by their names in ./default.nix
#   attacks  the attacks of `nsguard-leaktest list` that then succeed
let
  ofProcesses = [
    "fresh-proc"
    "limits-outside"
    "proc-command"
    "proc-net"
    "signal-outside"
  ];
in
{
  hiddenHomes = {
    what = ''
      Whether home directories are hidden. To let the service see a single directory, use
      {option}`systemd.services.<name>.nsguard.bindPaths` instead. If the unit itself sets `ProtectHome=`, its value
      remains.'';
    without = [ "hidden-homes" ];
    attacks = [
      "left-for-a-login"
      "left-in-own-home"
      "socket-in-home"
      "socket-in-own-home"
      "sockets-in-sight"
    ];
  };

  hiddenProcesses = {
    what = "Whether the host's processes are hidden. A service that monitors the machine's processes needs `false`.";
    without = [
      "hidden-processes"
      "own-processes"
    ];
    attacks = ofProcesses;
  };

  noIoUring = {
    what = "Whether io_uring is denied. Some databases and runtimes are faster with io_uring.";
    without = [ "system-calls:io-uring" ];
    attacks = [ "io-uring-socket" ];
  };

  nativeCalls = {
    what = ''
      Whether only programs of the machine's own architecture may run. Some game servers are 32-bit programs and need
      `false`.'';
    without = [ "native-calls" ];
    attacks = [ "compat-socket" ];
  };

  ownProcesses = {
    what = ''
      Whether each command of the service has its own process numbers (a PID namespace), so that it can signal only the
      processes that it started. A service that forks away from systemd (`Type=forking`), or whose scripts use
      `$MAINPID`, needs `false`, and so does one with `DynamicUser` and directories such as `StateDirectory`, which
      systemd cannot start otherwise, or with `KillMode` `mixed` or `process`, which systemd sometimes kills in place of
      stopping it; the command `kill -HUP $MAINPID` in `ExecReload` works with both. With `false`, the host's processes
      stay hidden from services with a user, but not from those that run as root.'';
    without = [ "own-processes" ];
    attacks = ofProcesses;
  };

  ownJournalConnection = {
    what = ''
      Whether standard output and error are pipes, which `nsguard-init` forwards to the journal. The journal's own
      connection is made outside and reveals the host's addresses. If a package defines the command, `nsguard-init` cannot
      run it, so this must be `false`; then nothing checks the sockets that systemd passes to the service either.'';
    without = [ "journal-connection" ];
    attacks = [ "inherited-socket-addresses" ];
  };

  privateTmp = {
    what = ''
      Whether the service has its own `/tmp` and `/var/tmp`. If the unit itself sets `PrivateTmp=`, its value
      remains.'';
    without = [ "private-tmp" ];
    attacks = [
      "given-by-path"
      "socket-in-tmp"
      "sockets-in-sight"
      "tmux"
      "x11"
    ];
  };

  readOnlySystem = {
    what = ''
      Whether the system's files are read-only. To make a single directory writable, use `ReadWritePaths=` instead. If
      the unit itself sets `ProtectSystem=`, its value remains.'';
    without = [ "read-only-system" ];
    attacks = [
      "files-of-host"
      "left-for-the-host"
    ];
  };
}
