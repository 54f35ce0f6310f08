# Sockets for which systemd would open the host's own files, devices or message queues.
{
  module = {
    nsguard.tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    nsguard.namespaces.vpn.tunnel = "mullvad";
    systemd.services.app = {
      nsguard.namespace = "vpn";
      serviceConfig.ExecStart = "/bin/app";
    };
    systemd.sockets.app.socketConfig = {
      ListenStream = "8080";
      ListenFIFO = "/run/initctl";
      ListenMessageQueue = [ "/queue" ];
      ListenSpecial = "/dev/net/tun";
      ListenUSBFunction = "/dev/usb-ffs";
    };
  };
  messages =
    map
      (
        it:
        "systemd.sockets.app.socketConfig.${it}, whose programs use it, too;"
        + " if the service works without, leave it out: systemd.sockets.app.enable = false;"
      )
      [
        ''ListenFIFO: systemd would open "/run/initctl" on the host''
        ''ListenMessageQueue: systemd would open "/queue" on the host''
        ''ListenSpecial: systemd would open "/dev/net/tun" on the host''
        ''ListenUSBFunction: systemd would open "/dev/usb-ffs" on the host''
      ];
}
