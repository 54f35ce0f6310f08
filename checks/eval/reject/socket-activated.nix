{
  module = {
    nsguard.tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    nsguard.namespaces.vpn.tunnel = "mullvad";
    systemd.services.app = {
      nsguard.namespace = "vpn";
      serviceConfig.ExecStart = "/bin/app";
    };
    systemd.sockets.front = {
      listenStreams = [ "8080" ];
      socketConfig.Service = "app.service";
    };
  };
  messages = [
    "systemd.services.app.nsguard.namespace: systemd.sockets.front hands the service sockets of the host, and a socket keeps the network it was made in; let the service open its own"
  ];
}
