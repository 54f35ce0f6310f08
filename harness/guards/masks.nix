# The namespace by systemd, a resolv.conf bound over the host's, and nscd's socket masked: as modules for NixOS do it.
# The rest of /run is the host's, and a mask is gone when the host replaces what it lies over.
let
  common = import ./common.nix;
in
{
  services =
    common.services (
      name: user:
      common.agent name "" {
        unitConfig = common.inNamespace;
        serviceConfig = user // {
          NetworkNamespacePath = "/run/netns/vpn";
          InaccessiblePaths = "-/run/nscd";
          BindReadOnlyPaths = "/etc/netns/vpn/resolv.conf:/etc/resolv.conf";
        };
      }
    )
    // common.units { link = common.link "" ++ [ "ip link set wg0 netns vpn" ]; };
}
