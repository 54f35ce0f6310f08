# Process numbers of its own, requested explicitly, for a service that systemd would then sometimes kill.
{
  specification = {
    tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    namespaces.vpn.tunnel = "mullvad";
    services.app = {
      namespace = "vpn";
      hardening.ownProcesses = true;
      serviceConfig = {
        ExecStart = "/bin/app";
        KillMode = "mixed";
      };
    };
  };
  messages = [
    (
      "systemd.services.app.nsguard.hardening.ownProcesses: systemd sometimes kills a unit that has process numbers of"
      + " its own at once, in place of stopping it, if KillMode is \"mixed\"; remove this line, or have all its processes"
      + " told to stop with systemd.services.app.serviceConfig.KillMode = lib.mkForce \"control-group\";"
    )
  ];
}
