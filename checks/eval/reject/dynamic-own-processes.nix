# Process numbers of its own, requested explicitly, for a service that systemd cannot start with them.
{
  specification = {
    tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    namespaces.vpn.tunnel = "mullvad";
    services.app = {
      namespace = "vpn";
      hardening.ownProcesses = true;
      serviceConfig = {
        ExecStart = "/bin/app";
        DynamicUser = true;
        StateDirectory = "app";
      };
    };
  };
  messages = [
    (
      "systemd.services.app.nsguard.hardening.ownProcesses: systemd cannot start a unit that has process numbers of its"
      + " own, DynamicUser and directories that systemd keeps for it (systemd issue 41014); remove this line, or give"
      + " the service a user of the host with systemd.services.app.serviceConfig.User and DynamicUser = false;"
    )
  ];
}
