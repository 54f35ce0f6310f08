# A timer that writes what `nsguard status` says into a file for Prometheus's node_exporter, where one is named.
{ tools }:
{ textfile, intervalSeconds }:
if textfile == null then
  { }
else
  {
    "nsguard-metrics.service" = {
      unitConfig = {
        Description = "Metrics of network namespaces and their tunnels";
        # A short interval is no failure that repeats: with systemd's limit the timer would stop for good.
        StartLimitIntervalSec = 0;
      };
      serviceConfig = {
        Type = "oneshot";
        ExecStart = "${tools.nsguard} metrics ${textfile}";
      };
    };
    "nsguard-metrics.timer" = {
      unitConfig.Description = "Write the metrics of network namespaces regularly";
      timerConfig = {
        OnActiveSec = 0;
        OnUnitActiveSec = intervalSeconds;
        AccuracySec = 1;
      };
      wantedBy = [ "timers.target" ];
    };
  }
