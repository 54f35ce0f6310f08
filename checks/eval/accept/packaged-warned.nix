# NixOS: what the evaluation cannot read in a package's unit has a warning, with the line to write.
{
  module = {
    nsguard.tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    nsguard.namespaces.vpn.tunnel = "mullvad";
    systemd.services =
      builtins.mapAttrs
        (_: service: {
          overrideStrategy = "asDropin";
          nsguard = {
            namespace = "vpn";
          }
          // service.nsguard or { };
          inherit (service) serviceConfig;
        })
        {
          unseen = {
            nsguard.hardening.ownJournalConnection = false;
            serviceConfig = { };
          };
          started.serviceConfig.ExecStart = [
            ""
            "/usr/bin/daemon"
          ];
          repeated.serviceConfig = {
            ExecStart = [
              ""
              "/usr/bin/daemon"
            ];
            ExecReload = [
              ""
              "kill -HUP $MAINPID"
            ];
          };
          forks = {
            nsguard.hardening = {
              ownProcesses = false;
              ownJournalConnection = false;
            };
            serviceConfig = { };
          };
        };
  };

  facts = config: {
    warnings = builtins.filter (
      text: builtins.match "systemd\\.services\\..*" text != null
    ) config.warnings;
    repeated = config.systemd.services.repeated.serviceConfig.ExecReload;
  };

  expected = {
    warnings = [
      ''systemd.services.unseen.serviceConfig.ExecStart: the command is defined by a package, so the program is the first of its process numbers: without a handler for SIGTERM it stops only when TimeoutStopSec is over, a reload by $MAINPID fails, and with a KillMode of "mixed" or "process" systemd may kill it in place of stopping it; repeat the command here (ExecStart = [ "" "…" ];), or set systemd.services.unseen.nsguard.hardening.ownProcesses = false;''
    ];
    repeated = [
      ""
      "/usr/bin/nsguard-init --journal --netns=vpn --own-sockets --signal=HUP"
    ];
  };
}
