# Directories outside /run and /var that lead to daemons of the host. They are parts of the protection `hidden-paths`.
{
  nix-daemon = {
    guards = "the Nix daemon, which fetches for its clients";
    words = [ "/nix/var/nix/daemon-socket" ];
  };
  automounts = {
    guards = "the automounter, which looks up every host name that a path below /net contains";
    words = [ "/net" ];
  };
}
