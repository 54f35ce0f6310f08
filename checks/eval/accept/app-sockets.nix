# An app gets exactly these sockets of the session and the buses, with loosenings and without.
{
  specification = {
    inherit (import ../vpn.nix) tunnels namespaces;
    apps = {
      closed = {
        namespace = "vpn";
        command = "/bin/app";
        user = "alice";
      };
      granted = {
        namespace = "vpn";
        command = "/bin/app";
        user = "alice";
        uid = 1000;
        gui = {
          wayland = true;
          x11 = true;
          sound = "pulse";
          gpu = true;
          portals = true;
        };
        dbus.session = {
          access = "filtered";
          talk = [ "org.freedesktop.Notifications" ];
        };
        dbus.system.access = "host";
        readWritePaths = [ "/home/alice/Downloads" ];
        extraServiceConfig.MemoryMax = "4G";
      };
      alone = {
        namespace = "vpn";
        command = "/bin/app";
        user = "alice";
        uid = 1000;
        dbus.session.access = "private";
        dbus.system = {
          access = "filtered";
          talk = [ "org.freedesktop.hostname1" ];
        };
      };
    };
  };

  facts =
    planned:
    let
      own =
        unit:
        builtins.filter (
          path: builtins.match ".*(notify|journal|/inside|current-system|opengl|acme).*" path == null
        ) planned.units.${unit}.serviceConfig.BindReadOnlyPaths;
      granted = planned.units."nsguard-app-granted.service".serviceConfig;
      file = name: builtins.fromJSON planned.files."/etc/nsguard-apps/${name}.json";
    in
    {
      closed = own "nsguard-app-closed.service";
      granted = own "nsguard-app-granted.service";
      alone = own "nsguard-app-alone.service";
      aloneVariables = builtins.filter (
        word: builtins.match "\"DBUS.*" word != null
      ) planned.units."nsguard-app-alone.service".serviceConfig.Environment;
      aloneWaits = (file "alone").waitFor;
      aloneBus = planned.units."nsguard-private-bus-alone.service".serviceConfig.ExecStart;
      aloneListens = builtins.head (
        builtins.match ".*<listen>(.*)</listen>.*" planned.files."/etc/nsguard-apps/alone.bus.conf"
      );
      inherit (granted)
        BindPaths
        DeviceAllow
        MemoryMax
        ProtectSystem
        ;
      bus = builtins.filter (
        word: builtins.isString word && builtins.match "--(filter|talk.*)" word != null
      ) (builtins.split " " planned.units."nsguard-bus-granted.service".serviceConfig.ExecStart);
      hasBus = planned.units ? "nsguard-bus-closed.service";
      environment = map (name: (file name).environment) [
        "closed"
        "granted"
      ];
      mode = planned.units."nsguard-app-closed.socket".socketConfig.SocketMode;
      entries = builtins.attrNames planned.desktopEntries;
    };

  expected = {
    closed = [ ];
    granted = [
      "/run/nsguard-display-granted:/run/nsguard-session/display"
      "-/tmp/.X11-unix"
      "-/run/user/1000/pipewire-0:/run/nsguard-session/pipewire-0"
      "-/run/user/1000/pulse/native:/run/nsguard-session/pulse/native"
      "/run/dbus/system_bus_socket:/run/dbus/system_bus_socket"
      "/run/nsguard-bus-granted:/run/nsguard-session/granted"
    ];
    # Another process forwards a part of the host's bus.
    alone = [
      "/run/nsguard-bus-alone:/run/nsguard-session/granted"
      "/run/nsguard-private-bus-alone:/run/nsguard-session/private"
    ];
    aloneVariables = [
      "\"DBUS_SESSION_BUS_ADDRESS=unix:path=/run/nsguard-session/private/session\""
      "\"DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/nsguard-session/granted/system\""
    ];
    aloneWaits = [
      "/run/nsguard-session/granted/system"
      "/run/nsguard-session/private/session"
    ];
    aloneBus = "/usr/bin/dbus-daemon --config-file=/etc/nsguard-apps/alone.bus.conf --nofork --nopidfile";
    aloneListens = "unix:path=/run/nsguard-private-bus-alone/session";
    BindPaths = [
      "/home/alice/Downloads"
      "-/dev/dri"
      "/run/nsguard-app-granted"
      "-/var/lib/nsguard-app-granted"
      "/run/nsguard/vpn/terminals/pts:/dev/pts"
    ];
    DeviceAllow = [ "char-drm rw" ];
    MemoryMax = "4G";
    ProtectSystem = "strict";
    bus = [
      "--filter"
      "--talk=org.freedesktop.Notifications"
    ];
    hasBus = false;
    environment = [
      [ ]
      [
        "WAYLAND_DISPLAY"
        "DISPLAY"
        "DESKTOP_STARTUP_ID"
        "XDG_ACTIVATION_TOKEN"
      ]
    ];
    mode = "0600";
    entries = [ "granted" ];
  };
}
