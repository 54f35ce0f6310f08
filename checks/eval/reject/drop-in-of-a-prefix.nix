# NixOS: a drop-in of all units whose names begin alike, or of a kind, is judged with the confined ones that have no more
# specific one: systemd reads only that, because NixOS gives all the same file name.
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services = {
      web-of-alice = {
        nsguard.namespace = "vpn";
        serviceConfig.ExecStart = "/bin/web";
      };
      mail = {
        nsguard.namespace = "vpn";
        serviceConfig.ExecStart = "/bin/mail";
      };
      # Less specific than the next one.
      "web-" = {
        overrideStrategy = "asDropin";
        serviceConfig.PrivateTmp = false;
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
    # Drop-ins of all services, and of all slices.
    systemd.units.service = {
      overrideStrategy = "asDropin";
      text = "[Service]\nEnvironmentFile=/run/nscd/x\n";
    };
    systemd.units.slice = {
      overrideStrategy = "asDropin";
      text = "[Service]\nEnvironmentFile=/run/nscd/y\n";
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
    ''systemd.services.mail.serviceConfig.EnvironmentFile: the finished unit has "/run/nscd/x", and it leads to programs of the host, which work outside the namespace; remove it''
    ''systemd.services.web-of-alice.serviceConfig.BindPaths: the finished unit has "/run/dbus", and it leads to programs of the host, which work outside the namespace; remove it''
    ''systemd.sockets.web-of-alice.socketConfig.ListenStream: the finished unit has "/run/web", and it leads to programs of the host, which work outside the namespace; remove it''
  ];
}
