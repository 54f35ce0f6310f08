# Directories outside /run that lead to daemons of the host or hold its addresses. They are parts of the protection
# `hidden-paths`.
{
  nix-daemon = {
    guards = "the Nix daemon, which fetches for its clients";
    words = [ "/nix/var/nix/daemon-socket" ];
  };
  automounts = {
    guards = "the automounter, which looks up the names that are asked for under /net";
    words = [ "/net" ];
  };
  sssd = {
    guards = "sssd, which asks the network's directory";
    words = [ "/var/lib/sss" ];
  };
  incus = {
    guards = "incus, whose clients are root on the host";
    words = [ "/var/lib/incus" ];
  };
  lxd = {
    guards = "lxd, whose clients are root on the host";
    words = [ "/var/lib/lxd" ];
  };
  dhcpcd = {
    guards = "the leases of dhcpcd, which tell the host's addresses";
    words = [ "/var/lib/dhcpcd" ];
  };
  dhclient = {
    guards = "the leases of dhclient";
    words = [ "/var/lib/dhcp" ];
  };
  network-manager = {
    guards = "the leases of NetworkManager";
    words = [ "/var/lib/NetworkManager" ];
  };
}
