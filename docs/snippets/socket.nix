{
  nsguard.tunnels.provider.configFile = "/run/secrets/wg.conf";
  nsguard.namespaces.vpn = {
    tunnel = "provider";
    publish.finger = {
      listen = [ "127.0.0.1:79" ];
      port = 79;
    };
  };

  systemd.sockets.finger = {
    wantedBy = [ "sockets.target" ];
    listenStreams = [ "79" ];
    socketConfig.Accept = true;
  };
  systemd.services."finger@" = {
    nsguard = {
      namespace = "vpn";
      dbus.system = {
        access = "filtered";
        talk = [ "org.freedesktop.hostname1" ];
      };
    };
    serviceConfig = {
      ExecStart = "/run/current-system/sw/bin/busctl get-property org.freedesktop.hostname1 /org/freedesktop/hostname1 org.freedesktop.hostname1 Hostname";
      StandardInput = "socket";
      StandardOutput = "socket";
      User = "nobody";
    };
  };
}
