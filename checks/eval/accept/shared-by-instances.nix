# NixOS: the directory of a template is that of each of its instances, so that a unit outside may have it.
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
  module = {
    nsguard = import ../vpn.nix;
    systemd.services = {
      "app@" = confined { StateDirectory = "apps/%i"; };
      inside = confined { StateDirectory = "a/x"; };
      "a@" = confined { CacheDirectory = "a-%i"; };
      "one@" = confined { LogsDirectory = "%p-%i"; };
      "one@x" = {
        overrideStrategy = "asDropin";
        serviceConfig.Nice = 5;
      };
      "two@" = confined { RuntimeDirectory = "two/%i"; };
      redis = running { StateDirectory = "apps/redis"; };
      a-x = running { CacheDirectory = "a-x"; };
      b-x = running { CacheDirectory = "b-x"; };
      logs = running { LogsDirectory = "one-x"; };
      "t@" = running { StateDirectory = "a/%i"; };
      two = running { RuntimeDirectory = "two"; };
      listener = running { };
      off = running { StateDirectory = "apps/off"; } // {
        enable = false;
      };
    };
    # Whether it listens in the directory of an instance depends on the instance: a warning.
    systemd.sockets.listener.listenStreams = [ "/run/two/redis/socket" ];
  };

  facts =
    config:
    builtins.filter (text: builtins.match "systemd\\.services\\..*" text != null) config.warnings;

  expected = [
    ''systemd.services."a@".serviceConfig.CacheDirectory: a-x.service, which is not confined, has /var/cache/a-x, which may be /var/cache/a-%i or in it: the service reaches sockets there, and a-x.service may act on files that the service writes; confine that unit as well (systemd.services.a-x.nsguard.namespace = "vpn";), give the service a directory of its own, or start no instance of such a name''
    ''systemd.services."app@".serviceConfig.StateDirectory: redis.service, which is not confined, has /var/lib/apps/redis, which may be /var/lib/apps/%i or in it: the service reaches sockets there, and redis.service may act on files that the service writes; confine that unit as well (systemd.services.redis.nsguard.namespace = "vpn";), give the service a directory of its own, or start no instance of such a name''
    ''systemd.services.inside.serviceConfig.StateDirectory: t@.service, which is not confined, has /var/lib/a/%i, which may be /var/lib/a/x or in it: the service reaches sockets there, and t@.service may act on files that the service writes; confine that unit as well (systemd.services."t@".nsguard.namespace = "vpn";), give the service a directory of its own, or accept that with systemd.services.inside.nsguard.bindPaths = [ "/var/lib/a/x" ];''
    ''systemd.services."one@".serviceConfig.LogsDirectory: logs.service, which is not confined, has /var/log/one-x, which may be /var/log/one-%i or in it: the service reaches sockets there, and logs.service may act on files that the service writes; confine that unit as well (systemd.services.logs.nsguard.namespace = "vpn";), give the service a directory of its own, or start no instance of such a name''
    ''systemd.services."two@".serviceConfig.RuntimeDirectory: two.service, which is not confined, has /run/two, with /run/two/%i in it: two.service may act on files that the service writes; confine that unit as well (systemd.services.two.nsguard.namespace = "vpn";), give the service a directory of its own, or start no instance of such a name''
    ''systemd.services."one@".serviceConfig.LogsDirectory: logs.service, which is not confined, has /var/log/one-x as well: the service reaches sockets there, and logs.service may act on files that the service writes; confine that unit as well (systemd.services.logs.nsguard.namespace = "vpn";), give the service a directory of its own, or accept that with systemd.services."one@".nsguard.bindPaths = [ "/var/log/one-x" ];''
    ''systemd.services."two@".serviceConfig.RuntimeDirectory: /run/two/%i may contain a socket of listener.socket, and what answers there is outside the namespace; give the service a directory of its own, or start no instance of such a name''
  ];
}
