# A bound path that no unit is known to make has a warning.
{
  module = {
    nsguard.tunnels.lab.configFile = "/run/secrets/lab.conf";
    nsguard.namespaces.vpn.tunnel = "lab";
    systemd.tmpfiles.rules = [ "d /run/by-tmpfiles 0755" ];
    systemd.sockets.by-socket = {
      wantedBy = [ "sockets.target" ];
      listenStreams = [ "/run/by-socket/s" ];
    };
    systemd.services.by-socket.serviceConfig.ExecStart = "/bin/app";
    systemd.services.client = {
      nsguard = {
        namespace = "vpn";
        bindPaths = [
          "/run/by-nobody"
          "/run/by-tmpfiles/in"
          "/run/by-socket"
          "/run/secrets/token"
        ];
      };
      serviceConfig = {
        ExecStart = "/bin/app";
        BindPaths = [ "-/run/optional" ];
      };
    };
  };

  facts = config: config.nsguard.warnings;

  expected = [
    ''systemd.services.client: no unit of this configuration is known to create "/run/by-nobody", which the service binds: it cannot start while the path is missing (status 226), and keeps the old directory when the path is replaced; name the unit that creates it: systemd.services.client = { after = [ "….service" ]; requires = [ "….service" ]; };''
  ];
}
