let
  portals = {
    namespace = "vpn";
    command = "/bin/app";
    user = "alice";
    uid = 1000;
    gui.portals = true;
  };
in
{
  specification = {
    inherit (import ../vpn.nix) tunnels namespaces;
    apps = {
      bus = portals // {
        dbus.session = {
          talk = [ "org.freedesktop.Notifications" ];
          own = [
            "org.mozilla.firefox.*"
            "org.nsguard_busy"
            "org.nsguard_bus"
            "org.mozilla.nsguard_bus.*"
          ];
        };
        dbus.system = {
          access = "filtered";
          talk = [
            "org.freedesktop.resolve1"
            "org.freedesktop.*"
            "--own=x"
          ];
        };
      };
      extra = {
        namespace = "vpn";
        command = "/bin/app";
        environment = {
          "A B" = "c";
          MOZ_DISABLE_CONTENT_SANDBOX = "1";
        };
        extraServiceConfig = {
          ExecStart = "/bin/other";
          ExecStartPre = "+/bin/prepare";
          BindPaths = "/run/dbus";
          ConfigurationDirectory = "cron.d";
          EnvironmentFile = "/dev/tty1";
          PAMName = "login";
          PermissionsStartOnly = true;
          ReadWritePaths = "/usr/local/bin";
          RootImage = "/srv/root.raw";
          StandardError = "append:/usr/bin/extra";
          StandardInput = "tty";
          StandardOutput = "append:/etc/cron.d/extra";
        };
      };
      lonely = portals // {
        dbus.session = {
          access = "private";
          talk = [ "org.freedesktop.Notifications" ];
          own = [ "org.example.nsguard_lonely" ];
        };
      };
      nobody = {
        namespace = "vpn";
        command = "/bin/app";
        gui.wayland = true;
        sandbox.enable = true;
      };
      nothing = { };
      numberless = {
        namespace = "vpn";
        command = "/bin/app";
        user = "alice";
        gui.sound = "pipewire";
      };
      paths = {
        namespace = "vpn";
        command = "/bin/app";
        readWritePaths = [
          "Downloads"
          "/home/alice"
          "/etc/cron.d"
          "/run/user/1000/bus"
          "/srv/with space"
          "/srv/fine"
          "/var/lib/fine"
        ];
      };
      superuser = {
        namespace = "vpn";
        command = "app --with arguments";
        user = "root";
        args = [ "--no-sandbox" ];
      };
      unknown = {
        namespace = "vpm";
        command = "/bin/app";
      };
      a-name-that-is-too-long = {
        namespace = "vpn";
        command = "/bin/app";
      };
    };
  };
  messages = [
    "nsguard.apps.a-name-that-is-too-long: the name must start with a lower-case letter and have at most 19 lower-case letters, digits and -; rename it"
    ''nsguard.apps.bus.gui.portals: portals are reached through the filtered session bus; set dbus.session.access = "filtered";''
    ''nsguard.apps.bus.dbus.session.talk: names can be granted only on a filtered bus; set nsguard.apps.bus.dbus.session.access = "filtered"; or remove the names''
    ''nsguard.apps.bus.dbus.session.own: names can be granted only on a filtered bus; set nsguard.apps.bus.dbus.session.access = "filtered"; or remove the names''
    ''nsguard.apps.bus.dbus.session.own: "org.mozilla.firefox.*" may belong to another program, which would act outside the namespace for this app; write a name with this app's own part in it, like "org.example.nsguard_bus"''
    ''nsguard.apps.bus.dbus.session.own: "org.nsguard_busy" may belong to another program, which would act outside the namespace for this app; write a name with this app's own part in it, like "org.example.nsguard_bus"''
    ''nsguard.apps.bus.dbus.system.talk: "org.freedesktop.resolve1" acts outside the namespace for every program that may call it; remove it, or accept that with nsguard.apps.bus.dbus.system.access = "host";''
    ''nsguard.apps.bus.dbus.system.talk: "org.freedesktop.*" acts outside the namespace for every program that may call it; remove it, or accept that with nsguard.apps.bus.dbus.system.access = "host";''
    ''nsguard.apps.bus.dbus.system.talk: "--own=x" is not a bus name; write it like "org.freedesktop.Notifications"''
    ''nsguard.apps.extra.environment: "MOZ_DISABLE_CONTENT_SANDBOX" turns off the program's own sandbox, which works in a namespace; remove it''
    ''nsguard.apps.extra.environment: "A B" is not a name for a variable; use letters, digits and _''
    "nsguard.apps.extra.extraServiceConfig.ExecStart: nsguard sets this from the app's other options; remove it"
    ''nsguard.apps.extra.extraServiceConfig: binding "/run/dbus" would give access to daemons of the host, which act outside the namespace; remove it''
    ''nsguard.apps.extra.extraServiceConfig.EnvironmentFile: "/dev/tty1" is a device of the host; remove it''
    ''nsguard.apps.extra.extraServiceConfig.StandardInput: "tty" is a terminal of the host, from which the service would read or to which it would write; set nsguard.apps.extra.extraServiceConfig.StandardInput = lib.mkForce "null";''
    ''nsguard.apps.extra.extraServiceConfig.StandardOutput: "append:/etc/cron.d/extra" is a file of the system, which programs outside the namespace run or read; name a file in a data directory''
    ''nsguard.apps.extra.extraServiceConfig.StandardError: "append:/usr/bin/extra" is a file of the system, which programs outside the namespace run or read; name a file in a data directory''
    ''nsguard.apps.extra.extraServiceConfig.ConfigurationDirectory: "/etc/cron.d" is a system path, and programs outside the namespace run files in it; choose another name''
    ''nsguard.apps.extra.extraServiceConfig.ReadWritePaths: "/usr/local/bin" is a system path, and programs outside the namespace run files in it; name a data directory''
    "nsguard.apps.extra.extraServiceConfig.RootImage: nsguard cannot replace /etc in another tree of files, so names would be looked up as that tree says; remove it (nsguard.apps.extra.extraServiceConfig.RootImage = lib.mkForce [ ]; where a module sets it)"
    "nsguard.apps.extra.extraServiceConfig.PAMName: PAM would open a session on the host and move the service's processes out of the unit into it; remove it (nsguard.apps.extra.extraServiceConfig.PAMName = lib.mkForce [ ]; where a module sets it)"
    "nsguard.apps.extra.extraServiceConfig.PermissionsStartOnly: every command but ExecStart would run with full privileges and see the host's sockets; set it to false (lib.mkForce false where a module sets it)"
    ''nsguard.apps.extra.extraServiceConfig.ExecStartPre: "+/bin/prepare" runs with full privileges and sees the host's sockets because of its prefix; remove the + or !''
    ''nsguard.apps.lonely.gui.portals: portals are reached through the filtered session bus; set dbus.session.access = "filtered";''
    ''nsguard.apps.lonely.dbus.session.talk: names can be granted only on a filtered bus; set nsguard.apps.lonely.dbus.session.access = "filtered"; or remove the names''
    ''nsguard.apps.lonely.dbus.session.own: names can be granted only on a filtered bus; set nsguard.apps.lonely.dbus.session.access = "filtered"; or remove the names''
    "nsguard.apps.nobody.sandbox.enable: bubblewrap needs openat2(2), which systemd denies to a user made for the app (RestrictSUIDSGID=); set user, or remove it"
    ''nsguard.apps.nobody: windows, sound and the session bus belong to a user who is logged in; set user = "…";''
    ''nsguard.apps.nothing.namespace: an app without a namespace is not confined; set namespace = "vpn"; (defined: vpn)''
    ''nsguard.apps.nothing: the app has no program; set package = pkgs.nothing; or command = "/path/of/the/program";''
    ''nsguard.apps.numberless.uid: the sockets of the session are found by the uid of "alice", which is not known; set users.users.alice.uid, or uid''
    ''nsguard.apps.paths.readWritePaths: "Downloads" is malformed; write an absolute path without spaces, colons and quotes''
    ''nsguard.apps.paths.readWritePaths: "/home/alice" contains files that the user's session runs outside the namespace; name a directory in it''
    ''nsguard.apps.paths.readWritePaths: "/etc/cron.d" is a system path, and programs outside the namespace run files in it; name a data directory''
    ''nsguard.apps.paths.readWritePaths: "/run/user/1000/bus" is a system path, and programs outside the namespace run files in it; name a data directory''
    ''nsguard.apps.paths.readWritePaths: "/srv/with space" is malformed; write an absolute path without spaces, colons and quotes''
    ''nsguard.apps.superuser.command: "app --with arguments" is not an absolute path; write the path of the program, and its arguments in nsguard.apps.superuser.args''
    "nsguard.apps.superuser.user: an app cannot run as root; name the user who runs it, or remove the option to have a user made for the app"
    ''nsguard.apps.superuser.args: "--no-sandbox" turns off the program's own sandbox, which works in a namespace; remove it''
    ''nsguard.apps.unknown.namespace: there is no namespace "vpm" (defined: vpn); did you mean "vpn"? If not, define nsguard.namespaces.vpm or name another''
  ];
}
