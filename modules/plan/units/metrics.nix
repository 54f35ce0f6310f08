# A timer that writes the contents of `nsguard status` to a file for Prometheus's node_exporter, if the options name
# one.
{ tools }:
{ textfile, intervalSeconds }:
if textfile == null then
  { }
else
  {
    "nsguard-metrics.service" = {
      unitConfig = {
        Description = "Metrics of network namespaces and their tunnels";
        # A short interval is not a repeated failure. With systemd's start limit, the timer would stop for good.
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
