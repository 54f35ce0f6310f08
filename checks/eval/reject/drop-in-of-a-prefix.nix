# NixOS: a drop-in of all units whose names begin alike is judged with each confined one.
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services = {
      web-of-alice = {
        nsguard.namespace = "vpn";
        serviceConfig.ExecStart = "/bin/web";
      };
      "web-of-" = {
        overrideStrategy = "asDropin";
        serviceConfig.BindPaths = "/run/dbus";
      };
      # Drop-ins of other services.
      "we-" = {
        overrideStrategy = "asDropin";
        serviceConfig.PrivateTmp = false;
      };
      "web-of-bob-" = {
        overrideStrategy = "asDropin";
        serviceConfig.PrivateTmp = false;
      };
    };
    systemd.sockets = {
      web-of-alice.listenStreams = [ "8080" ];
      "web-" = {
        overrideStrategy = "asDropin";
        listenStreams = [ "/run/web" ];
      };
    };
  };
  messages = [
    ''systemd.services.web-of-alice.serviceConfig.BindPaths: the finished unit has "/run/dbus", and it leads to programs of the host, which work outside the namespace; remove it''
    ''systemd.sockets.web-of-alice.socketConfig.ListenStream: the finished unit has "/run/web", and it leads to programs of the host, which work outside the namespace; remove it''
  ];
}
