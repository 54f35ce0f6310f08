# Debian's Firefox as its preset has it: without a window; the same in a sandbox; with a window on an X server.
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

  # Of which the preset grants a part.
  services.session-bus = (import ./apps.nix).services.session-bus // {
    unitConfig = { };
  };
}
