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
        File for the textfile collector of Prometheus's node_exporter, with the contents of `nsguard status`. A timer
        replaces it in one step. Its directory must exist. By default there is no file.

        Risk: everybody on the machine can read it. It lists the peers' public keys, how much they send, and when they
        last answered.
      '';
    };

    intervalSeconds = mkOption {
      type = types.ints.positive;
      default = metrics.intervalSeconds;
      example = 60;
      description = ''
        Seconds between two updates of {option}`nsguard.metrics.textfile`.

        Risk: none.
      '';
    };
  };
}
