# The start of most cases: the namespace vpn, with a tunnel from a file.
{
  tunnels = { inherit (import ./tunnels.nix) mullvad; };
  namespaces.vpn.tunnel = "mullvad";
}
