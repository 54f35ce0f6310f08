{
  specification = {
    tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    namespaces.vpn.tunnel = "mullvad";
    apps = {
      bus = {
        namespace = "vpn";
        command = "/bin/app";
        user = "alice";
        uid = 1000;
        gui.portals = true;
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
        };
      };
      lonely = {
        namespace = "vpn";
        command = "/bin/app";
        user = "alice";
        uid = 1000;
        gui.portals = true;
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
    "nsguard.apps.a-name-that-is-too-long: the name may have small letters, digits and -, starts with a letter, and has 19 characters at most; rename it"
    ''nsguard.apps.bus.gui.portals: portals are reached by the filtered session bus; set dbus.session.access = "filtered";''
    ''nsguard.apps.bus.dbus.session.talk: names are granted on a filtered bus alone; set nsguard.apps.bus.dbus.session.access = "filtered"; or remove them''
    ''nsguard.apps.bus.dbus.session.own: names are granted on a filtered bus alone; set nsguard.apps.bus.dbus.session.access = "filtered"; or remove them''
    ''nsguard.apps.bus.dbus.session.own: "org.mozilla.firefox.*" may be another program's, which works for whoever then calls it, outside the namespace; write it with a part of this app's own, like "org.example.nsguard_bus"''
    ''nsguard.apps.bus.dbus.session.own: "org.nsguard_busy" may be another program's, which works for whoever then calls it, outside the namespace; write it with a part of this app's own, like "org.example.nsguard_bus"''
    ''nsguard.apps.bus.dbus.system.talk: whoever talks to "org.freedesktop.resolve1" has it work outside the namespace; remove it, or accept that with nsguard.apps.bus.dbus.system.access = "host";''
    ''nsguard.apps.bus.dbus.system.talk: whoever talks to "org.freedesktop.*" has it work outside the namespace; remove it, or accept that with nsguard.apps.bus.dbus.system.access = "host";''
    ''nsguard.apps.bus.dbus.system.talk: "--own=x" is no name on a bus; write it like "org.freedesktop.Notifications"''
    ''nsguard.apps.extra.environment: "MOZ_DISABLE_CONTENT_SANDBOX" gives up the program's own sandbox, which works here as it is; remove it''
    ''nsguard.apps.extra.environment: "A B" is no name of a variable''
    "nsguard.apps.extra.extraServiceConfig.ExecStart: this is made from the app's other options; remove it"
    ''nsguard.apps.extra.extraServiceConfig: binding "/run/dbus" would open a way to daemons of the host that work outside the namespace; remove it''
    ''nsguard.apps.extra.extraServiceConfig.ExecStartPre: "+/bin/prepare" runs with full privileges and sees the host's sockets because of its prefix; remove the + or !''
    ''nsguard.apps.lonely.gui.portals: portals are reached by the filtered session bus; set dbus.session.access = "filtered";''
    ''nsguard.apps.lonely.dbus.session.talk: names are granted on a filtered bus alone; set nsguard.apps.lonely.dbus.session.access = "filtered"; or remove them''
    ''nsguard.apps.lonely.dbus.session.own: names are granted on a filtered bus alone; set nsguard.apps.lonely.dbus.session.access = "filtered"; or remove them''
    "nsguard.apps.nobody.sandbox.enable: bubblewrap needs openat2(2), which systemd denies to a user made for the app (RestrictSUIDSGID=); set user, or remove it"
    ''nsguard.apps.nobody: windows, sound and the session bus belong to a person; set user = "…";''
    ''nsguard.apps.nothing.namespace: an app without a namespace is not confined; set namespace = "vpn"; (defined: vpn)''
    ''nsguard.apps.nothing: there is nothing to run; set package = pkgs.nothing; or command = "/path/of/the/program";''
    ''nsguard.apps.numberless.uid: the session's sockets are found by the number of user "alice"; set users.users.alice.uid, or uid''
    ''nsguard.apps.paths.readWritePaths: "Downloads" is malformed; write an absolute path without spaces, colons and quotes''
    ''nsguard.apps.paths.readWritePaths: "/home/alice" holds files that the session runs outside the namespace; name a directory in it''
    ''nsguard.apps.paths.readWritePaths: "/etc/cron.d" belongs to the system, which runs what is in it outside the namespace; name a directory of data''
    ''nsguard.apps.paths.readWritePaths: "/run/user/1000/bus" belongs to the system, which runs what is in it outside the namespace; name a directory of data''
    ''nsguard.apps.paths.readWritePaths: "/srv/with space" is malformed; write an absolute path without spaces, colons and quotes''
    ''nsguard.apps.superuser.command: "app --with arguments" is no absolute path; its arguments go into nsguard.apps.superuser.args''
    "nsguard.apps.superuser.user: an app never runs as root; name the person who uses it, or leave it out for a user of its own"
    ''nsguard.apps.superuser.args: "--no-sandbox" gives up the program's own sandbox, which works here as it is; remove it''
    ''nsguard.apps.unknown.namespace: there is no namespace "vpm" (defined: vpn); define nsguard.namespaces.vpm or name another''
  ];
}
