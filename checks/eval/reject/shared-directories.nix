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
    };
    systemd.sockets = {
      helper.listenStreams = [
        "/var/run/cache/helper"
        "/run/granted/helper"
      ];
      # The socket of a confined service is inside.
      cache.listenStreams = [ "127.0.0.1:7000" ];
    };
  };

  messages = [
    ''systemd.services.cache.serviceConfig.RuntimeDirectory: /run/cache contains a socket of helper.socket, and what answers there is outside the namespace; give the service a directory of its own, or accept that with systemd.services.cache.nsguard.bindPaths = [ "/run/cache" ];''
  ];
}
