# The namespace by systemd, a resolv.conf bound over the host's, and nscd's socket masked: as modules for NixOS do it.
# The rest of /run is the host's, and a mask is gone when the host replaces what it lies over.
let
  common = import ./common.nix;
in
{
  services =
    common.services (common.bound { InaccessiblePaths = "-/run/nscd"; })
    // common.units { link = common.link "" ++ [ "ip link set wg0 netns vpn" ]; };
}
