# An app: a program that a user starts, confined like any service. Its unit runs the starter, which starts the program
# for whoever may connect to the app's socket. The launcher connects to it, as the user and without privileges.
{
  tools,
  names,
  ini,
  confinement,
  sandbox,
  bus,
}:
let
  inherit (builtins) concatStringsSep toJSON;

  inherit (import ../confinement/homes.nix) homesOf;

  # Wayland displays are numbered, and a compositor takes the first free number.
  waylandDisplays = [
    "wayland-0"
    "wayland-1"
  ];

  optionals = condition: list: if condition then list else [ ];

  # One word of a unit's setting (systemd.syntax(7), quoting; % are its specifiers).
  quoted = text: builtins.replaceStrings [ "%" ] [ "%%" ] (toJSON text);

  hasWindows = app: app.gui.wayland || app.gui.waylandUnfiltered || app.gui.x11;

  launcher = name: [
    tools.nsguard
    "launch"
    name
  ];

  # The desktop entry specification, version 1.5: lists end in a semicolon.
  list = builtins.concatMap (value: [ "${value};" ]);
  entry =
    exec: name: app:
    ini [
      {
        name = "Desktop Entry";
        entries = {
          Type = "Application";
          Name = "${
            if app.desktopEntry.name == null then name else app.desktopEntry.name
          } (${app.namespace})";
          Exec = concatStringsSep " " exec;
          Icon = app.desktopEntry.icon;
          Categories =
            if app.desktopEntry.categories == [ ] then
              null
            else
              concatStringsSep "" (list app.desktopEntry.categories);
          MimeType =
            if app.desktopEntry.mimeTypes == [ ] then
              null
            else
              concatStringsSep "" (list app.desktopEntry.mimeTypes);
        };
      }
    ];
in
{
  inherit launcher;

  hasEntry = app: if app.desktopEntry.enable == null then hasWindows app else app.desktopEntry.enable;
  desktopEntry = name: app: entry (launcher name ++ [ "%U" ]) name app;

  # An app that lacks either has a problem.
  runnable = app: app.namespace != null && app.command != null;

  # accounts, name, app, complete -> { units; files; }
  ofApp =
    accounts: name: app:
    let
      unit = names.appUnit name;
      runtime = "/run/${names.app name}";
      home = "/var/lib/${names.app name}";
      session = path: "/run/user/${toString app.uid}/${path}";
      fromSession = path: "-${session path}:${names.appSession}/${path}";

      buses = bus.ofApp { inherit name app session; };

      # The compositor's displays: through a process that restricts them to windows, or directly.
      filtered = app.gui.wayland && !app.gui.waylandUnfiltered;
      displays = {
        unit = names.appDisplayUnit name;
        directory = names.appDisplay name;
        inside = "${names.appSession}/display";
      };

      sockets =
        optionals filtered [ "/run/${displays.directory}:${displays.inside}" ]
        ++ optionals app.gui.waylandUnfiltered (map fromSession waylandDisplays)
        ++ optionals app.gui.x11 [ "-/tmp/.X11-unix" ]
        ++ optionals (app.gui.sound != "none") [ (fromSession "pipewire-0") ]
        ++ optionals (app.gui.sound == "pulse") [ (fromSession "pulse/native") ];
      devices = optionals app.gui.gpu [ "/dev/dri" ];

      windows = hasWindows app;

      file = {
        version = 1;
        inherit name;
        socket = names.appSocket name;
        command = [ app.command ] ++ app.args;
        # One sandbox for all programs of the app: a later launch joins the running ones.
        sandbox =
          if app.sandbox.enable then
            sandbox.prefix {
              inherit
                home
                homes
                runtime
                devices
                ;
              writable = app.readWritePaths;
              visible = [
                "/run/nsguard"
                "/run/current-system"
                "/run/opengl-driver"
                names.appSession
                names.accounts
              ]
              ++ optionals app.gui.x11 [ "/tmp/.X11-unix" ]
              ++ buses.visible;
            }
            ++ [
              tools.nsguard
              "app"
              "start"
              name
            ]
          else
            [ ];
        # The variables that a launch passes on from the user's environment.
        environment =
          optionals (app.gui.wayland || app.gui.waylandUnfiltered) [ "WAYLAND_DISPLAY" ]
          ++ optionals app.gui.x11 [ "DISPLAY" ]
          ++ optionals windows [
            "DESKTOP_STARTUP_ID"
            "XDG_ACTIVATION_TOKEN"
          ];
        session = if filtered then displays.inside else names.appSession;
        inherit filtered;
        xauthority = app.gui.x11;
        waitFor = buses.waitFor;
      };

      homes = homesOf accounts unit {
        serviceConfig = app.extraServiceConfig // names.appIdentity name app;
      };

      own = {
        inherit (app) namespace uid;
        inherit homes unit;
        capabilities = [ ];
        nests = true;
        # bubblewrap opens files with openat2(2) only, whose mode no filter can see. Nobody else can run what an app
        # leaves in its own directories, because these are closed to all other users.
        # The starter listens on a socket of the host, and gives it to no program.
        loosened = [
          "own-sockets"
          "set-uid-files"
        ];
        bindPaths = app.readWritePaths ++ map (path: "-${path}") devices;
        bindReadOnlyPaths = sockets ++ buses.bindReadOnlyPaths;
        unitConfig = {
          Description = "App ${name} in network namespace ${app.namespace}";
          Requires = [ (names.appSocketUnit name) ] ++ speakers;
          After = [ (names.appSocketUnit name) ] ++ speakers;
          # A launch is a start. With a start limit, the sixth launch within ten seconds would stop the socket.
          StartLimitIntervalSec = 0;
          # The starter reads its file once.
          X-Restart-Triggers = builtins.hashString "sha256" (toJSON file);
        };
        serviceConfig = {
          RestartSec = 1;
          SyslogIdentifier = name;
        }
        // app.extraServiceConfig
        // names.appIdentity name app
        // {
          Type = "notify";
          ExecStart = "${tools.nsguard} app serve ${name}";
          RuntimeDirectory = names.app name;
          RuntimeDirectoryMode = "0700";
          StateDirectory = names.app name;
          StateDirectoryMode = "0700";
          WorkingDirectory = home;
          ProtectSystem = "strict";
          Restart = app.restart;
          Environment =
            map (variable: quoted "${variable}=${environment.${variable}}") (builtins.attrNames environment)
            ++ toListOf app.extraServiceConfig "Environment";
        }
        # An X server looks up shared memory by its number among the host's segments. Another program's segment may have
        # the same number, and the app's windows would show its contents. Without shared memory, clients send pixels.
        // (
          if app.gui.x11 then
            { SystemCallFilter = toListOf app.extraServiceConfig "SystemCallFilter" ++ [ "~shmget:EPERM" ]; }
          else
            { }
        )
        // (
          if devices == [ ] then
            { }
          else
            { DeviceAllow = [ "char-drm rw" ] ++ toListOf app.extraServiceConfig "DeviceAllow"; }
        );
        wantedBy = optionals (app.autoStart && !windows) [ "multi-user.target" ];
      };

      speakers = buses.units ++ optionals filtered [ displays.unit ];

      toListOf = config: key: (import ../combine.nix).toList (config.${key} or null);

      environment = {
        HOME = home;
        XDG_RUNTIME_DIR = runtime;
      }
      // (if app.gui.sound == "none" then { } else { PIPEWIRE_RUNTIME_DIR = names.appSession; })
      // (
        if app.gui.sound == "pulse" then
          { PULSE_SERVER = "unix:${names.appSession}/pulse/native"; }
        else
          { }
      )
      // buses.environment
      // app.environment;
    in
    {
      units =
        buses.unitsOf
        // (
          if filtered then
            {
              ${displays.unit} = import ./speaker.nix {
                unitConfig.Description = "Wayland for app ${name}: windows and nothing else";
                serviceConfig = names.appIdentity name app;
                type = "notify";
                inherit (displays) directory;
                command = [
                  tools.nsguard
                  "app"
                  "display"
                  name
                ]
                ++ map session waylandDisplays;
              };
            }
          else
            { }
        )
        // {
          ${unit} = {
            inherit (own) wantedBy;
          }
          // confinement.confine own;
          ${names.appSocketUnit name} = {
            unitConfig.Description = "Launches of app ${name}";
            socketConfig = {
              ListenStream = names.appSocket name;
              # The app's user only, or root for an app with a user of its own.
              SocketUser = if app.user == null then "root" else app.user;
              SocketMode = "0600";
              RemoveOnStop = true;
              # Too many launches are slowed down (PollLimitBurst=) and do not stop the socket. A launch that a failing
              # unit did not accept is discarded, because it would start the unit for ever.
              TriggerLimitIntervalSec = 0;
              FlushPending = true;
            };
            wantedBy = [
              "sockets.target"
              (names.netnsUnit app.namespace)
            ];
          };
        };
      files = {
        ${names.appFile name} = toJSON file + "\n";
      }
      // buses.files
      # Windows need a session; the session starts these.
      // (
        if app.autoStart && windows then
          { "/etc/xdg/autostart/nsguard-${name}.desktop" = entry (launcher name) name app; }
        else
          { }
      );
    };
}
