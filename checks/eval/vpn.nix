# What most cases begin with: the namespace vpn, with a tunnel from a file.
{
  tunnels = { inherit (import ./tunnels.nix) mullvad; };
  namespaces.vpn.tunnel = "mullvad";
}
