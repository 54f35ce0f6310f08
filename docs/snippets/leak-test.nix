{ nsguard, pkgs }:
nsguard.lib.makeLeakTest {
  inherit pkgs;
  modules = [
    nsguard.nixosModules.default
    {
      # the file of the lab's tunnel, which the test writes
      nsguard.tunnels.lab.configFile = "/etc/nsguard-lab/client.conf";
      nsguard.namespaces.vpn.tunnel = "lab";
    }
  ];
}
