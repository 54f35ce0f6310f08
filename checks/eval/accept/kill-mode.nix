# A service that systemd would sometimes kill instead of stopping it has no process numbers of its own.
let
  service = serviceConfig: {
    namespace = "vpn";
    serviceConfig = {
      ExecStart = "/bin/app";
    }
    // serviceConfig;
  };
in
{
  specification = {
    tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    namespaces.vpn.tunnel = "mullvad";
    services = {
      group = service { KillMode = "control-group"; };
      # postgresql of nixpkgs has it
      mixed = service { KillMode = "mixed"; };
      # zerotierone of nixpkgs has it
      process = service { KillMode = "process"; };
      unsaid = service { };
    };
  };

  facts =
    planned:
    builtins.mapAttrs (name: _: planned.units."${name}.service".serviceConfig.PrivatePIDs or null) {
      group = null;
      mixed = null;
      process = null;
      unsaid = null;
    };

  expected = {
    group = true;
    mixed = null;
    process = null;
    unsaid = true;
  };
}
