# Programs of the host would connect to a socket with a path, and their connections would belong to the host.
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services."app@" = {
      nsguard.namespace = "vpn";
      serviceConfig.ExecStart = "/bin/app";
    };
    systemd.sockets.app = {
      listenStreams = [
        "8080"
        "/run/app.sock"
      ];
      socketConfig.Accept = true;
    };
  };
  messages = [
    ''systemd.sockets.app: connections to "/run/app.sock" are made on the host and would tell the service the host's addresses; let it listen on a port, and set nsguard.namespaces.vpn.publish.app = { listen = [ "/run/app.sock" ]; port = …; }; or, if it serves programs of the host, leave it unconfined: systemd.services."app@".nsguard.namespace = lib.mkForce null;''
  ];
}
