# NixOS: a directory that systemd makes for a confined service and for one outside has a warning with the line that
# mends it. A directory that an option grants has none, nor one of units that are all confined.
let
  running = serviceConfig: {
    serviceConfig = {
      ExecStart = "/usr/bin/true";
    }
    // serviceConfig;
  };
  confined = serviceConfig: running serviceConfig // { nsguard.namespace = "vpn"; };
in
{
  module =
    { lib, ... }:
    {
      nsguard = import ../vpn.nix;
      systemd.services = {
        page = confined {
          RuntimeDirectory = "pages/";
          StateDirectory = "page pages";
        };
        other-page = running {
          RuntimeDirectory = "pages/other";
          StateDirectory = "pages:link";
        };
        third-page = running { StateDirectory = "pages"; };
        # It never runs.
        off = running { RuntimeDirectory = "pages"; } // {
          enable = false;
        };
        granted = lib.recursiveUpdate (confined { CacheDirectory = "granted"; }) {
          nsguard.bindPaths = [ "/var/cache/granted" ];
        };
        granted-too = running { CacheDirectory = "granted"; };
        # Beside the other's directory, and in it, where the other may change all.
        beside = confined {
          LogsDirectory = "beside";
          RuntimeDirectory = "around/inside";
        };
        beside-it = running {
          LogsDirectory = "beside-it";
          RuntimeDirectory = "around";
        };
        "worker@" = confined { StateDirectory = "%p-state"; };
        "worker@one" = {
          overrideStrategy = "asDropin";
          serviceConfig = {
            Nice = 5;
          };
        };
        together = confined { StateDirectory = "both"; };
        together-too = confined { StateDirectory = "both"; };
        worked = running { LogsDirectory = "%N"; };
        works = confined { LogsDirectory = "worked"; };
      };
    };

  facts =
    config:
    builtins.filter (text: builtins.match "systemd\\.services\\..*" text != null) config.warnings;

  expected = [
    ''systemd.services.beside.serviceConfig.RuntimeDirectory: beside-it.service, which is not confined, has /run/around, with /run/around/inside in it: beside-it.service may act on files that the service writes; confine that unit as well (systemd.services.beside-it.nsguard.namespace = "vpn";), give the service a directory of its own, or accept that with systemd.services.beside.nsguard.bindPaths = [ "/run/around/inside" ];''
    ''systemd.services.page.serviceConfig.RuntimeDirectory: other-page.service, which is not confined, has /run/pages/other as well: the service reaches sockets there, and other-page.service may act on files that the service writes; confine that unit as well (systemd.services.other-page.nsguard.namespace = "vpn";), give the service a directory of its own, or accept that with systemd.services.page.nsguard.bindPaths = [ "/run/pages" ];''
    ''systemd.services.page.serviceConfig.StateDirectory: other-page.service, third-page.service, which are not confined, have /var/lib/pages as well: the service reaches sockets there, and they may act on files that the service writes; confine those units as well (systemd.services.other-page.nsguard.namespace = "vpn"; systemd.services.third-page.nsguard.namespace = "vpn";), give the service a directory of its own, or accept that with systemd.services.page.nsguard.bindPaths = [ "/var/lib/pages" ];''
    ''systemd.services.works.serviceConfig.LogsDirectory: worked.service, which is not confined, has /var/log/worked as well: the service reaches sockets there, and worked.service may act on files that the service writes; confine that unit as well (systemd.services.worked.nsguard.namespace = "vpn";), give the service a directory of its own, or accept that with systemd.services.works.nsguard.bindPaths = [ "/var/log/worked" ];''
  ];
}
