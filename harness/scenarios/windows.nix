# Apps with windows on a user's compositor: through a security context, in a sandbox, and with the whole compositor.
# Also an app that plays sound.
let
  app =
    more:
    {
      namespace = "vpn";
      user = "www-data";
      uid = 33;
      command = "/bin/bash";
      args = [ "-c" ];
    }
    // more;
in
{
  tunnels.lab.configFile = "/etc/nsguard-lab/client.conf";
  namespaces.vpn.tunnel = "lab";

  apps = {
    filtered = app { gui.wayland = true; };
    boxed = app {
      gui.wayland = true;
      sandbox.enable = true;
    };
    unfiltered = app { gui.waylandUnfiltered = true; };
    sounding = app { gui.sound = "pipewire"; };
    silent = app { gui.wayland = true; };
    far = app {
      user = "far";
      uid = 70000;
    };
  };
}
