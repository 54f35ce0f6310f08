# Apps instead of services: the agent as an app, as an app in a sandbox, and unconfined for the controls.
let
  agent =
    name: more:
    {
      namespace = "vpn";
      user = "www-data";
      uid = 33;
      # The app gets a part of the session's bus, so that attacks can try to reach the rest.
      dbus.session = {
        access = "filtered";
        talk = [ "org.freedesktop.Notifications" ];
      };
      command = "/usr/bin/python3";
      args = [
        "-m"
        "nsguard_harness.inside.agent"
        "/run/nsguard-app-${name}/socket"
      ];
      environment.PYTHONPATH = "/usr/lib/nsguard-harness";
      autoStart = true;
    }
    // more;

  inherit (import ./demo.nix) tunnels namespaces services;
in
{
  inherit tunnels namespaces;

  apps = {
    plain = agent "plain" { };
    boxed = agent "boxed" { sandbox.enable = true; };
  };

  services = {
    inherit (services) free free-user;

    # A session bus as in a user's session.
    session-bus = {
      unitConfig.Before = [
        "nsguard-bus-plain.service"
        "nsguard-bus-boxed.service"
      ];
      serviceConfig = {
        Type = "notify";
        User = "www-data";
        RuntimeDirectory = "user/33";
        ExecStart = "/usr/bin/dbus-daemon --session --address=unix:path=/run/user/33/bus --nofork --nopidfile";
      };
      wantedBy = [ "multi-user.target" ];
    };
  };
}
