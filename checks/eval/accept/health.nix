# Services that wait for a handshake, and metrics.
{
  specification = {
    tunnels.lab.configFile = "/run/secrets/lab.conf";
    namespaces.vpn.tunnel = "lab";
    metrics.textfile = "/var/lib/metrics/nsguard.prom";
    services = {
      waiting = {
        namespace = "vpn";
        waitForHandshake = 30;
        serviceConfig.ExecStart = "/bin/app";
      };
      hasty = {
        namespace = "vpn";
        serviceConfig.ExecStart = "/bin/app";
      };
    };
  };

  facts =
    planned:
    let
      unit = name: planned.units."${name}.service".unitConfig;
    in
    {
      required = (unit "waiting").Requires;
      after = builtins.elem "nsguard-handshake-vpn@30.service" (unit "waiting").After;
      hasty = (unit "hasty").Requires or [ ];
      command = planned.units."nsguard-handshake-vpn@.service".serviceConfig.ExecStart;
      late = planned.units."nsguard-late-vpn@.service".serviceConfig.ExecStart;
      metrics = planned.units."nsguard-metrics.service".serviceConfig.ExecStart;
      timer = planned.units."nsguard-metrics.timer".timerConfig.OnUnitActiveSec;
    };

  expected = {
    required = [ "nsguard-handshake-vpn@30.service" ];
    after = true;
    hasty = [ ];
    command = "/usr/bin/nsguard wait vpn %i --for %n --later nsguard-late-vpn@";
    late = "/usr/bin/nsguard start-late vpn %i.service";
    metrics = "/usr/bin/nsguard metrics /var/lib/metrics/nsguard.prom";
    timer = 15;
  };
}
