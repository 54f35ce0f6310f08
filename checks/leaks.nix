# The machine of the check `leaks`: both ways by which a look-up of a name leaves a network namespace are on.
{ pkgs, nsguard }:
{
  inherit pkgs;
  name = "nsguard-leaks";
  modules = [
    nsguard.nixosModules.default
    {
      nsguard.tunnels.lab.configFile = "/etc/nsguard-lab/client.conf";
      nsguard.namespaces.vpn.tunnel = "lab";
      services.nscd.enable = true;
      services.resolved.enable = true;
    }
  ];
}
