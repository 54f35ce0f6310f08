# A service has no process numbers of its own if systemd cannot run it so: if systemd creates its user and keeps
# directories for that user, or if it would sometimes kill the service instead of stopping it.
let
  service = serviceConfig: {
    namespace = "vpn";
    serviceConfig = {
      ExecStart = "/bin/app";
    }
    // serviceConfig;
  };
  dynamic = serviceConfig: service ({ DynamicUser = true; } // serviceConfig);

  expected = {
    alone = true;
    kept = null;
    stateful = null;
    static = true;

    group = true;
    mixed = null;
    process = null;
    unsaid = true;
  };
in
{
  specification = {
    inherit (import ../vpn.nix) tunnels namespaces;
    services = {
      alone = dynamic { RuntimeDirectory = "alone"; };
      kept = dynamic {
        RuntimeDirectory = "kept";
        RuntimeDirectoryPreserve = "yes";
      };
      # prowlarr of nixpkgs has this shape
      stateful = dynamic { StateDirectory = "stateful"; };
      static = dynamic {
        DynamicUser = false;
        StateDirectory = "static";
        User = "app";
      };

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
    builtins.mapAttrs (
      name: _: planned.units."${name}.service".serviceConfig.PrivatePIDs or null
    ) expected;

  inherit expected;
}
