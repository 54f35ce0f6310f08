# Apps with windows on a person's compositor: with what a security context leaves, in a sandbox, and with all of it. And
# one that makes sound.
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
