# Debian's Firefox with its preset: without a window; without a window in a sandbox; with a window on an X server.
let
  firefox =
    more:
    {
      preset = "firefox";
      command = "/usr/bin/firefox-esr";
      namespace = "vpn";
      user = "www-data";
      uid = 33;
    }
    // more;

  headless = more: firefox ({ args = [ "--headless" ]; } // more);
in
{
  tunnels.lab.configFile = "/etc/nsguard-lab/client.conf";
  namespaces.vpn.tunnel = "lab";

  apps = {
    headless = headless { };
    boxed = headless { sandbox.enable = true; };
    window = firefox { gui.x11 = true; };
  };

  # The preset grants a part of this bus.
  services.session-bus = (import ./apps.nix).services.session-bus // {
    unitConfig = { };
  };
}
