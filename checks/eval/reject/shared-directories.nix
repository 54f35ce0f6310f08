# NixOS: systemd listens outside at a path in a directory of a confined service, and no option grants that directory.
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services = {
      cache = {
        nsguard.namespace = "vpn";
        serviceConfig = {
          ExecStart = "/usr/bin/true";
          RuntimeDirectory = "cache";
        };
      };
      granted = {
        nsguard.namespace = "vpn";
        nsguard.bindPaths = [ "/run/granted" ];
        serviceConfig = {
          ExecStart = "/usr/bin/true";
          RuntimeDirectory = "granted";
        };
      };
      helper.serviceConfig.ExecStart = "/usr/bin/true";
      spelt-otherwise = {
        nsguard.namespace = "vpn";
        serviceConfig = {
          ExecStart = "/usr/bin/true";
          StateDirectory = "spelt";
          CacheDirectory = "spelt";
          LogsDirectory = "spelt";
        };
      };
    };
    systemd.sockets = {
      helper.listenStreams = [
        "/var/run/cache/helper"
        "/run/granted/helper"
      ];
      by-specifier.listenStreams = [ "%S/spelt/a" ];
      by-packets.socketConfig.ListenSequentialPacket = "/var/cache//spelt/b";
      spelt.socketConfig.ListenFIFO = [ "%L/%N/c" ];
      # The socket of a confined service is inside.
      cache.listenStreams = [ "127.0.0.1:7000" ];
    };
  };

  messages = [
    ''systemd.services.cache.serviceConfig.RuntimeDirectory: /run/cache contains a socket of helper.socket, and what answers there is outside the namespace; give the service a directory of its own, or accept that with systemd.services.cache.nsguard.bindPaths = [ "/run/cache" ];''
    ''systemd.services.spelt-otherwise.serviceConfig.CacheDirectory: /var/cache/spelt contains a socket of by-packets.socket, and what answers there is outside the namespace; give the service a directory of its own, or accept that with systemd.services.spelt-otherwise.nsguard.bindPaths = [ "/var/cache/spelt" ];''
    ''systemd.services.spelt-otherwise.serviceConfig.LogsDirectory: /var/log/spelt contains a socket of spelt.socket, and what answers there is outside the namespace; give the service a directory of its own, or accept that with systemd.services.spelt-otherwise.nsguard.bindPaths = [ "/var/log/spelt" ];''
    ''systemd.services.spelt-otherwise.serviceConfig.StateDirectory: /var/lib/spelt contains a socket of by-specifier.socket, and what answers there is outside the namespace; give the service a directory of its own, or accept that with systemd.services.spelt-otherwise.nsguard.bindPaths = [ "/var/lib/spelt" ];''
  ];
}
