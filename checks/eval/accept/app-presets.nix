# NixOS: three lines use a preset. Its user's number comes from the configuration, and the app's own options win.
{
  module = {
    nsguard.tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    nsguard.namespaces.vpn.tunnel = "mullvad";
    nsguard.apps = {
      brave = {
        preset = "brave";
        namespace = "vpn";
        user = "alice";
        autoStart = true;
      };
      web-2 = {
        preset = "firefox";
        namespace = "vpn";
        user = "alice";
        environment.MOZ_ENABLE_WAYLAND = "1";
      };
      torrents = {
        preset = "qbittorrent";
        namespace = "vpn";
        user = "alice";
        gui = {
          wayland = false;
          x11 = true;
        };
        sandbox.enable = true;
      };
    };
    users.users.alice = {
      isNormalUser = true;
      uid = 1000;
    };
  };

  facts =
    config:
    let
      unit = name: config.nsguard.planned.units."nsguard-app-${name}.service";
      file =
        name:
        builtins.fromJSON (
          builtins.unsafeDiscardStringContext config.environment.etc."nsguard-apps/${name}.json".text
        );
    in
    {
      program = baseNameOf (builtins.head (file "brave").command);
      inherit ((unit "brave").serviceConfig) User;
      # A running instance is found by a name that no other program has.
      bus =
        builtins.filter (word: builtins.isString word && builtins.match "--(talk|own).*" word != null)
          (
            builtins.split " " config.nsguard.planned.units."nsguard-bus-web-2.service".serviceConfig.ExecStart
          );
      environment =
        builtins.filter (word: builtins.match "\"MOZ.*" word != null)
          (unit "web-2").serviceConfig.Environment;
      wayland = builtins.head (unit "brave").serviceConfig.BindReadOnlyPaths;
      # No preset has the sound server's socket, through which an app's code would run outside.
      sound = builtins.filter (path: builtins.match ".*(pipewire|pulse).*" path != null) (
        builtins.concatMap (name: (unit name).serviceConfig.BindReadOnlyPaths) [
          "brave"
          "web-2"
          "torrents"
        ]
      );
      display = config.nsguard.planned.units."nsguard-display-brave.service".serviceConfig.ExecStart;
      x11 = builtins.head (unit "torrents").serviceConfig.BindReadOnlyPaths;
      sandbox = map (name: (file name).sandbox != [ ]) [
        "brave"
        "torrents"
      ];
      # An app with windows starts with the session and not with the machine.
      wantedBy = (unit "brave").wantedBy;
      autostart = config.environment.etc ? "xdg/autostart/nsguard-brave.desktop";
      socket = config.nsguard.planned.units."nsguard-app-brave.socket".socketConfig.SocketUser;
    };

  expected = {
    program = "brave";
    User = "alice";
    bus = [
      "--talk=org.freedesktop.Notifications"
      "--own=org.mozilla.nsguard_web_2.*"
    ];
    environment = [
      "\"MOZ_DBUS_APP_NAME=nsguard_web_2\""
      "\"MOZ_ENABLE_WAYLAND=1\""
    ];
    wayland = "/run/nsguard-display-brave:/run/nsguard-session/display";
    sound = [ ];
    display = "/usr/bin/nsguard app display brave /run/user/1000/wayland-0 /run/user/1000/wayland-1";
    x11 = "-/tmp/.X11-unix";
    sandbox = [
      false
      true
    ];
    wantedBy = [ ];
    autostart = true;
    socket = "alice";
  };
}
