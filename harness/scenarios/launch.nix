# Apps of many kinds: each program, which the test provides, must find what the launch and the options gave it.
let
  app =
    more:
    {
      namespace = "vpn";
      user = "www-data";
      command = "/usr/bin/python3";
      args = [ "/opt/nsguard-test/app.py" ];
    }
    // more;

  session = {
    uid = 33;
    gui = {
      waylandUnfiltered = true;
      x11 = true;
      sound = "pipewire";
    };
  };
in
{
  tunnels.lab.configFile = "/etc/nsguard-lab/client.conf";
  namespaces.vpn.tunnel = "lab";

  apps = {
    bare = app {
      environment.WORD = "100% \"quoted\" $HOME \\ word";
      readWritePaths = [ "/srv/nsguard-test" ];
    };

    bare-boxed = app {
      sandbox.enable = true;
      readWritePaths = [ "/srv/nsguard-test" ];
    };

    windowed = app session;
    windowed-boxed = app (session // { sandbox.enable = true; });

    restarted = app (session // { restart = "on-failure"; });

    talking = app {
      uid = 33;
      dbus.session = {
        access = "filtered";
        talk = [ "org.nsguard.Leaktest" ];
      };
    };

    talking-boxed = app {
      sandbox.enable = true;
      dbus.system = {
        access = "filtered";
        talk = [ "org.freedesktop.hostname1" ];
      };
    };

    # The directory that it may write to does not exist.
    broken = app { readWritePaths = [ "/srv/nowhere" ]; };

    own = app {
      user = null;
      autoStart = true;
    };
  };
}
