{ lib, ... }:
let
  inherit (lib) mkOption types;
  inherit (import ./plan/defaults.nix) metrics;
in
{
  options.nsguard.metrics = {
    textfile = mkOption {
      type = types.nullOr types.str;
      default = metrics.textfile;
      example = "/var/lib/prometheus-node-exporter/nsguard.prom";
      description = ''
        File for Prometheus's node_exporter (its textfile collector) with what `nsguard status` says, written anew by a
        timer, in one step. Its directory must be there. By default there is none.

        Risk: it is readable by everybody, and tells the peers' public keys, how much they send, and when they were last
        heard.
      '';
    };

    intervalSeconds = mkOption {
      type = types.ints.positive;
      default = metrics.intervalSeconds;
      example = 60;
      description = ''
        Seconds between two writings of {option}`nsguard.metrics.textfile`.

        Risk: none.
      '';
    };
  };
}
