# NixOS: a leak test of a namespace or a service that nothing defines fails before it is built, and says so.
{
  module = {
    imports = [ (import ../../../modules/leak-test.nix { makeLeakTest = _: "a test"; }) ];
    nsguard.tunnels.lab.configFile = "/run/secrets/lab.conf";
    nsguard.namespaces.vpn.tunnel = "lab";
    nsguard.tests = {
      namespace = "vpm";
      services = [
        "app"
        "prowlar"
      ];
    };
    systemd.services.app.serviceConfig.ExecStart = "/bin/app";
    systemd.services.prowlarr.serviceConfig.ExecStart = "/bin/app";
  };

  facts = config: {
    inherit (config.nsguard.tests) problems;
    built = (builtins.tryEval config.system.build.leakTest).success;
  };
  expected = {
    problems = [
      ''nsguard.tests.namespace: there is no namespace "vpm" (defined: vpn); did you mean "vpn"? If not, define nsguard.namespaces.vpm or name another''
      ''nsguard.tests.services: nothing defines the service "prowlar"; did you mean "prowlarr"? If not, remove it''
    ];
    built = false;
  };
}
