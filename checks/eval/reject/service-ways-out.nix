{
  specification = {
    inherit (import ../vpn.nix) tunnels namespaces;
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
    ''systemd.services.Bus-of-nobody.serviceConfig.User: the filtered bus is for one user, and "Bus-of-nobody" is not a user name; set User = "…";''
    ''systemd.services.binds.serviceConfig: binding "/run/dbus/system_bus_socket" would give access to daemons of the host, which act outside the namespace; remove it''
    ''systemd.services.binds.serviceConfig: binding "/:/host" would give access to daemons of the host, which act outside the namespace; remove it''
    ''systemd.services.bound.nsguard.bindPaths: binding "/run" would give access to daemons of the host, which act outside the namespace; remove it''
    ''systemd.services.bound.nsguard.bindPaths: binding "/run/dbus" would give access to daemons of the host, which act outside the namespace; remove it''
    ''systemd.services.bound.nsguard.bindPaths: binding "/var/run/docker.sock:/run/engine" would give access to daemons of the host, which act outside the namespace; remove it''
    ''systemd.services.bound.nsguard.bindPaths: binding "/var/lib" would give access to daemons of the host, which act outside the namespace; remove it''
    ''systemd.services.bound.nsguard.bindPaths: binding "/tmp/.X11-unix" would give access to daemons of the host, which act outside the namespace; remove it''
    ''systemd.services.bound.nsguard.bindPaths: binding "/tmp/tmux-1000" would give access to daemons of the host, which act outside the namespace; remove it''
    ''systemd.services.bound.nsguard.bindPaths: "/home/alice" contains files that the user's session runs outside the namespace; name a directory in it''
    ''systemd.services.bound.nsguard.bindPaths: "/etc/cron.d" is a system path, and programs outside the namespace run files in it; name a data directory''
    ''systemd.services.bound.nsguard.bindPaths: "/var/spool/cron" is a system path, and programs outside the namespace run files in it; name a data directory''
    ''systemd.services.bound.nsguard.bindPaths: "relative" is malformed; write absolute paths without spaces and quotes, "/path" or "/path:/path/inside"''
    ''systemd.services.bound.nsguard.bindPaths: "/run//dbus" is malformed; write absolute paths without spaces and quotes, "/path" or "/path:/path/inside"''
    ''systemd.services.bound.nsguard.bindPaths: "/srv/../run" is malformed; write absolute paths without spaces and quotes, "/path" or "/path:/path/inside"''
    ''systemd.services.bound.nsguard.devices: "dri" is not a device; name a device below /dev, or a directory of devices''
    ''systemd.services.bound.nsguard.devices: "/dev" is not a device; name a device below /dev, or a directory of devices''
    ''systemd.services.bound.nsguard.devices: "/dev/shm" is not a device; name a device below /dev, or a directory of devices''
    ''systemd.services.bus.nsguard.dbus.system.talk: "org.freedesktop.systemd1" acts outside the namespace for every program that may call it; remove it, or accept that with systemd.services.bus.nsguard.dbus.system.access = "host";''
    ''systemd.services.bus.serviceConfig: the service takes a name on the system bus, which it cannot reach; set Type = "exec" and no BusName, or accept that it reaches the bus with systemd.services.bus.nsguard.dbus.system.access = "host";''
    ''systemd.services.forks.serviceConfig.Type: "forking" does not work, because each command of a confined service has process numbers of its own; run the program in the foreground with Type = "exec" or "notify", or accept that it can signal other processes of its user with systemd.services.forks.nsguard.hardening.ownProcesses = false;''
    "systemd.services.joins.unitConfig.JoinsNamespaceOf: the service would share the namespaces of another unit; remove it (systemd.services.joins.unitConfig.JoinsNamespaceOf = lib.mkForce [ ]; where a module sets it)"
    ''systemd.services.privileged.serviceConfig.ExecStart: "!/bin/app" runs with full privileges and sees the host's sockets because of its prefix; remove the + or !, or accept that with systemd.services.privileged.nsguard.allowPrivilegedCommands = true;''
    ''systemd.services.privileged.serviceConfig.ExecStartPre: "-+/bin/prepare" runs with full privileges and sees the host's sockets because of its prefix; remove the + or !, or accept that with systemd.services.privileged.nsguard.allowPrivilegedCommands = true;''
    "systemd.services.rooted.serviceConfig.RootDirectory: nsguard cannot replace /etc below another root, so names would be looked up as that root says; remove it (systemd.services.rooted.serviceConfig.RootDirectory = lib.mkForce [ ]; where a module sets it)"
    ''systemd.services.split.serviceConfig.ExecStart: "/bin/app ; /bin/other" has several commands or one for a shell, and only the first would be confined; write a list of commands, each of a program''
    ''systemd.services.split.serviceConfig.ExecStop: "@|/bin/app app" has several commands or one for a shell, and only the first would be confined; write a list of commands, each of a program''
  ];
}
