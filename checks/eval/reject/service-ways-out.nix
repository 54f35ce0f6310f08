{
  specification = {
    tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    namespaces.vpn.tunnel = "mullvad";
    services = {
      binds = {
        namespace = "vpn";
        serviceConfig = {
          ExecStart = "/bin/app";
          BindPaths = "/run/dbus/system_bus_socket";
          BindReadOnlyPaths = [ "/:/host" ];
        };
      };
      forks = {
        namespace = "vpn";
        serviceConfig = {
          ExecStart = "/bin/app";
          Type = "forking";
        };
      };
      joins = {
        namespace = "vpn";
        unitConfig.JoinsNamespaceOf = "other.service";
        serviceConfig.ExecStart = "/bin/app";
      };
      rooted = {
        namespace = "vpn";
        serviceConfig = {
          ExecStart = "/bin/app";
          RootDirectory = "/srv/other";
        };
      };
      privileged = {
        namespace = "vpn";
        serviceConfig = {
          ExecStartPre = [
            "-+/bin/prepare"
            "/bin/a+b"
          ];
          ExecStart = "!/bin/app";
        };
      };
    };
  };
  messages = [
    ''systemd.services.binds.serviceConfig: binding "/run/dbus/system_bus_socket" would open a way to daemons of the host that work outside the namespace; remove it''
    ''systemd.services.binds.serviceConfig: binding "/:/host" would open a way to daemons of the host that work outside the namespace; remove it''
    ''systemd.services.forks.serviceConfig.Type: "forking" does not work with process numbers of its own, which a service needs that runs as root; give it a User, or run the program in the foreground with Type = "exec" or "notify"''
    "systemd.services.joins.unitConfig.JoinsNamespaceOf: the service would share the namespaces of another; remove it"
    ''systemd.services.privileged.serviceConfig.ExecStart: "!/bin/app" runs with full privileges and sees the host's sockets because of its prefix; remove the + or !, or accept that with systemd.services.privileged.nsguard.allowPrivilegedCommands = true;''
    ''systemd.services.privileged.serviceConfig.ExecStartPre: "-+/bin/prepare" runs with full privileges and sees the host's sockets because of its prefix; remove the + or !, or accept that with systemd.services.privileged.nsguard.allowPrivilegedCommands = true;''
    "systemd.services.rooted.serviceConfig.RootDirectory: over another root than the host's nsguard cannot lay its own /etc, so look-ups of names would follow that root's; remove it"
  ];
}
