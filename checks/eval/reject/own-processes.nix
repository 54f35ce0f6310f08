# Process numbers of its own, requested explicitly, for services that systemd cannot run so.
let
  service = serviceConfig: {
    namespace = "vpn";
    hardening.ownProcesses = true;
    serviceConfig = {
      ExecStart = "/bin/app";
    }
    // serviceConfig;
  };
in
{
  specification = {
    inherit (import ../vpn.nix) tunnels namespaces;
    services = {
      killed = service { KillMode = "mixed"; };
      stateful = service {
        DynamicUser = true;
        StateDirectory = "app";
      };
    };
  };
  messages = [
    (
      "systemd.services.killed.nsguard.hardening.ownProcesses: systemd sometimes kills a unit that has process numbers of"
      + " its own at once, in place of stopping it, if KillMode is \"mixed\"; remove this line, or have all its processes"
      + " told to stop with systemd.services.killed.serviceConfig.KillMode = lib.mkForce \"control-group\";"
    )
    (
      "systemd.services.stateful.nsguard.hardening.ownProcesses: systemd cannot start a unit that has process numbers of"
      + " its own, DynamicUser and directories that systemd keeps for it (systemd issue 41014); remove this line, or give"
      + " the service a user of the host with systemd.services.stateful.serviceConfig.User and DynamicUser = false;"
    )
  ];
}
