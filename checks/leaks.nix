# The machine of the check `leaks`: it runs both daemons through which look-ups leave a network namespace.
{ pkgs, nsguard }:
{
  inherit pkgs;
  name = "nsguard-leaks";
  modules = [
    nsguard.nixosModules.default
    ./nixos/resolvers.nix
    {
      nsguard.tunnels.lab.configFile = "/etc/nsguard-lab/client.conf";
      nsguard.namespaces.vpn.tunnel = "lab";
    }
  ];
}
