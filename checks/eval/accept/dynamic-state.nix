# systemd cannot start a unit in process numbers of its own if it creates the user and keeps directories for it.
let
  service = serviceConfig: {
    namespace = "vpn";
    serviceConfig = {
      ExecStart = "/bin/app";
      DynamicUser = true;
    }
    // serviceConfig;
  };
in
{
  specification = {
    tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    namespaces.vpn.tunnel = "mullvad";
    services = {
      alone = service { RuntimeDirectory = "alone"; };
      kept = service {
        RuntimeDirectory = "kept";
        RuntimeDirectoryPreserve = "yes";
      };
      # prowlarr of nixpkgs has this shape
      stateful = service { StateDirectory = "stateful"; };
      static = service {
        DynamicUser = false;
        StateDirectory = "static";
        User = "app";
      };
    };
  };

  facts =
    planned:
    builtins.mapAttrs (name: _: planned.units."${name}.service".serviceConfig.PrivatePIDs or null) {
      alone = null;
      kept = null;
      stateful = null;
      static = null;
    };

  expected = {
    alone = true;
    kept = null;
    stateful = null;
    static = true;
  };
}
