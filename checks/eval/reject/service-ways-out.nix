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
      bound = {
        namespace = "vpn";
        bindPaths = [
          "/run"
          "/run/dbus"
          "/var/run/docker.sock:/run/engine"
          "/var/lib"
          "/tmp/.X11-unix"
          "/tmp/tmux-1000"
          "/home/alice"
          "/etc/cron.d"
          "/var/spool/cron"
          "relative"
          "/run//dbus"
          "/srv/../run"
          "/srv/fine"
          "/srv/.hidden"
        ];
        devices = [
          "dri"
          "/dev"
          "/dev/shm"
        ];
        serviceConfig.ExecStart = "/bin/app";
      };
      bus = {
        namespace = "vpn";
        dbus.system = {
          access = "filtered";
          talk = [ "org.freedesktop.systemd1" ];
        };
        serviceConfig = {
          ExecStart = "/bin/app";
          BusName = "org.example.App";
        };
      };
      "Bus-of-nobody" = {
        namespace = "vpn";
        dbus.system.access = "filtered";
        serviceConfig = {
          ExecStart = "/bin/app";
          DynamicUser = true;
        };
      };
      forks = {
        namespace = "vpn";
        serviceConfig = {
          ExecStart = "/bin/app";
          Type = "forking";
        };
      };
      split = {
        namespace = "vpn";
        serviceConfig = {
          ExecStart = "/bin/app ; /bin/other";
          ExecStop = [
            "/bin/sh -c 'one ; two'"
            "@|/bin/app app"
          ];
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
    ''systemd.services.Bus-of-nobody.serviceConfig.User: the part of the bus is for one user, and "Bus-of-nobody" cannot name one; set User = "…";''
    ''systemd.services.binds.serviceConfig: binding "/run/dbus/system_bus_socket" would open a way to daemons of the host that work outside the namespace; remove it''
    ''systemd.services.binds.serviceConfig: binding "/:/host" would open a way to daemons of the host that work outside the namespace; remove it''
    ''systemd.services.bound.nsguard.bindPaths: binding "/run" would open a way to daemons of the host that work outside the namespace; remove it''
    ''systemd.services.bound.nsguard.bindPaths: binding "/run/dbus" would open a way to daemons of the host that work outside the namespace; remove it''
    ''systemd.services.bound.nsguard.bindPaths: binding "/var/run/docker.sock:/run/engine" would open a way to daemons of the host that work outside the namespace; remove it''
    ''systemd.services.bound.nsguard.bindPaths: binding "/var/lib" would open a way to daemons of the host that work outside the namespace; remove it''
    ''systemd.services.bound.nsguard.bindPaths: binding "/tmp/.X11-unix" would open a way to daemons of the host that work outside the namespace; remove it''
    ''systemd.services.bound.nsguard.bindPaths: binding "/tmp/tmux-1000" would open a way to daemons of the host that work outside the namespace; remove it''
    ''systemd.services.bound.nsguard.bindPaths: "/home/alice" holds files that the session runs outside the namespace; name a directory in it''
    ''systemd.services.bound.nsguard.bindPaths: "/etc/cron.d" belongs to the system, which runs what is in it outside the namespace; name a directory of data''
    ''systemd.services.bound.nsguard.bindPaths: "/var/spool/cron" belongs to the system, which runs what is in it outside the namespace; name a directory of data''
    ''systemd.services.bound.nsguard.bindPaths: "relative" is malformed; write absolute paths without spaces and quotes, "/path" or "/path:/path/inside"''
    ''systemd.services.bound.nsguard.bindPaths: "/run//dbus" is malformed; write absolute paths without spaces and quotes, "/path" or "/path:/path/inside"''
    ''systemd.services.bound.nsguard.bindPaths: "/srv/../run" is malformed; write absolute paths without spaces and quotes, "/path" or "/path:/path/inside"''
    ''systemd.services.bound.nsguard.devices: "dri" is no device; name one, or a directory of them, below /dev''
    ''systemd.services.bound.nsguard.devices: "/dev" is no device; name one, or a directory of them, below /dev''
    ''systemd.services.bound.nsguard.devices: "/dev/shm" is no device; name one, or a directory of them, below /dev''
    ''systemd.services.bus.nsguard.dbus.system.talk: whoever talks to "org.freedesktop.systemd1" has it work outside the namespace; remove it, or accept that with systemd.services.bus.nsguard.dbus.system.access = "host";''
    ''systemd.services.bus.serviceConfig: the service is to have a name on the system's bus, which it does not reach; set Type = "exec" and no BusName, or accept that it does with systemd.services.bus.nsguard.dbus.system.access = "host";''
    ''systemd.services.forks.serviceConfig.Type: "forking" does not work with process numbers of its own, which a service needs that runs as root; give it a User, run the program in the foreground with Type = "exec" or "notify", or accept that it sees the processes of the host with systemd.services.forks.nsguard.hardening.hiddenProcesses = false;''
    "systemd.services.joins.unitConfig.JoinsNamespaceOf: the service would share the namespaces of another; remove it"
    ''systemd.services.privileged.serviceConfig.ExecStart: "!/bin/app" runs with full privileges and sees the host's sockets because of its prefix; remove the + or !, or accept that with systemd.services.privileged.nsguard.allowPrivilegedCommands = true;''
    ''systemd.services.privileged.serviceConfig.ExecStartPre: "-+/bin/prepare" runs with full privileges and sees the host's sockets because of its prefix; remove the + or !, or accept that with systemd.services.privileged.nsguard.allowPrivilegedCommands = true;''
    "systemd.services.rooted.serviceConfig.RootDirectory: over another root than the host's nsguard cannot lay its own /etc, so look-ups of names would follow that root's; remove it"
    ''systemd.services.split.serviceConfig.ExecStart: "/bin/app ; /bin/other" is more than one command, or one for a shell, and the second would not be confined as the first; write a list of commands, each of a program''
    ''systemd.services.split.serviceConfig.ExecStop: "@|/bin/app app" is more than one command, or one for a shell, and the second would not be confined as the first; write a list of commands, each of a program''
  ];
}
