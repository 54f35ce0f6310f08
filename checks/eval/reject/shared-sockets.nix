# NixOS: however a socket outside spells a path in the directory of a confined service, and wherever its text is defined.
let
  confined = directory: {
    nsguard.namespace = "vpn";
    serviceConfig = {
      ExecStart = "/usr/bin/true";
      RuntimeDirectory = directory;
    };
  };
  to = listens: {
    socketConfig = listens // {
      Service = "helper.service";
    };
  };
in
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services = {
      cache = confined "cache";
      special = confined "special";
      "worker@" = confined "worker-%i";
      "worker@one" = {
        overrideStrategy = "asDropin";
        serviceConfig.Nice = 5;
      };
      "apart@" = confined "apart-%i";
      # Neither a path nor in force.
      quiet = confined "quiet";
      helper.serviceConfig.ExecStart = "/usr/bin/true";
    };
    systemd.sockets = {
      in-run.listenStreams = [ "%t/cache/a" ];
      by-kind = to { ListenSequentialPacket = "/run/cache//b"; };
      by-name = to { ListenDatagram = "/run/%p/../cache/c"; };
      pipe = to { ListenFIFO = "/run/special/pipe"; };
      device = to { ListenSpecial = "/run/special/device"; };
      of-instance = to { ListenStream = "/run/worker-one/socket"; };
      queue = to { ListenMessageQueue = "/run/quiet"; };
      cache = to { ListenStream = "127.0.0.1:7000"; };
      off = to { ListenStream = "/run/quiet/socket"; } // {
        enable = false;
      };
      reset = to {
        ListenStream = [
          "/run/quiet/socket"
          ""
          "@/run/quiet/socket"
        ];
      };
    };
    systemd.units = {
      "as-text.socket".text = "[Socket]\nListenStream=/run/cache/d\nService=helper.service\n";
      "any@.socket".text = "[Socket]\nListenStream=/run/apart-%i/socket\nService=helper.service\n";
    };
  };

  messages = [
    ''systemd.services.cache.serviceConfig.RuntimeDirectory: /run/cache contains a socket of as-text.socket, by-kind.socket, by-name.socket, in-run.socket, and what answers there is outside the namespace; give the service a directory of its own, or accept that with systemd.services.cache.nsguard.bindPaths = [ "/run/cache" ];''
    ''systemd.services.special.serviceConfig.RuntimeDirectory: /run/special contains a socket of device.socket, pipe.socket, and what answers there is outside the namespace; give the service a directory of its own, or accept that with systemd.services.special.nsguard.bindPaths = [ "/run/special" ];''
    ''systemd.services."worker@".serviceConfig.RuntimeDirectory: /run/worker-one contains a socket of of-instance.socket, and what answers there is outside the namespace; give the service a directory of its own, or accept that with systemd.services."worker@".nsguard.bindPaths = [ "/run/worker-one" ];''
  ];
}
