# Debian's Chromium as an app: without a window and driven from outside; in a sandbox; with a window on an X server; and
# unconfined for the controls.
let
  driven = name: [
    "-m"
    "nsguard_harness.inside.browser"
    "${name}/socket"
    "/usr/bin/chromium"
    "--headless"
    # Otherwise WebRTC hides addresses behind mDNS names, and the test could not see whose address a candidate is.
    "--disable-features=WebRtcHideLocalIpsWithMdns"
    "--enable-quic"
    "--origin-to-force-quic-on=203.0.113.80:443"
  ];

  environment.PYTHONPATH = "/usr/lib/nsguard-harness";

  web =
    more:
    {
      preset = "chromium";
      namespace = "vpn";
      user = "www-data";
      uid = 33;
      gui = {
        wayland = false;
        sound = "none";
      };
      dbus.session = {
        access = "none";
        talk = [ ];
      };
    }
    // more;

  headless =
    name: more:
    web (
      {
        command = "/usr/bin/python3";
        args = driven "/run/nsguard-app-${name}";
        inherit environment;
      }
      // more
    );
in
{
  tunnels.lab.configFile = "/etc/nsguard-lab/client.conf";
  namespaces.vpn.tunnel = "lab";

  apps = {
    headless = headless "headless" { };
    boxed = headless "boxed" { sandbox.enable = true; };
    window = web {
      command = "/usr/bin/chromium";
      gui = {
        wayland = false;
        x11 = true;
        sound = "none";
      };
      args = [
        "--password-store=basic"
        "--no-default-browser-check"
        "--no-first-run"
      ];
    };
  };

  services.free-browser.serviceConfig = {
    Type = "notify";
    User = "www-data";
    RuntimeDirectory = "free-browser";
    StateDirectory = "free-browser";
    Environment = [
      "HOME=/var/lib/free-browser"
      "PYTHONPATH=/usr/lib/nsguard-harness"
    ];
    ExecStart = builtins.concatStringsSep " " ([ "/usr/bin/python3" ] ++ driven "/run/free-browser");
  };
}
