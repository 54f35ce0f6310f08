# systemd enters the namespace, binds a resolv.conf over the host's and masks nscd's socket, as some modules for NixOS
# do. The rest of /run is the host's, and a mask disappears when the host replaces the file under it.
let
  common = import ./common.nix;
in
{
  services =
    common.services (common.bound { InaccessiblePaths = "-/run/nscd"; })
    // common.units { link = common.link "" ++ [ "ip link set wg0 netns vpn" ]; };
}
