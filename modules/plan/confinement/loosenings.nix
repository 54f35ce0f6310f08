# What a service may do without, each by an option of its own, nsguard.hardening.NAME = false:
#   what     what the option is for, in its description
#   without  the protections that go, by their names in ./default.nix
#   attacks  of those that `nsguard-leaktest list` shows, the ones that succeed then
{
  hiddenHomes = {
    what = ''
      Whether home directories are hidden. A single directory in one is better let in by
      {option}`systemd.services.<name>.nsguard.bindPaths`. Where the unit itself says `ProtectHome=`, that remains.'';
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
    what = ''
      Whether the processes of the host are hidden. A service that runs as root and forks away from systemd
      (`Type=forking`) needs it off.'';
    without = [ "hidden-processes" ];
    attacks = [
      "fresh-proc"
      "proc-command"
      "proc-net"
    ];
  };

  noIoUring = {
    what = "Whether io_uring is denied, which some databases and runtimes are faster with.";
    without = [ "system-calls:io-uring" ];
    attacks = [ "io-uring-socket" ];
  };

  nativeCalls = {
    what = ''
      Whether only programs of the machine's own architecture may run. Some game servers are 32-bit programs and need
      it off.'';
    without = [ "native-calls" ];
    attacks = [ "compat-socket" ];
  };

  ownJournalConnection = {
    what = ''
      Whether standard output and error are pipes, whose lines `nsguard-init` hands on to the journal. The journal's own
      connection is made outside and tells the host's addresses.'';
    without = [ "journal-connection" ];
    attacks = [ "inherited-socket-addresses" ];
  };

  privateTmp = {
    what = ''
      Whether the service has a `/tmp` and `/var/tmp` of its own. If the unit itself sets `PrivateTmp=`, its value
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
      Whether the system's files are read-only. A single directory is better let be written by `ReadWritePaths=`.
      Where the unit itself says `ProtectSystem=`, that remains.'';
    without = [ "read-only-system" ];
    attacks = [
      "files-of-host"
      "left-for-the-host"
    ];
  };
}
