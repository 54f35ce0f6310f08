{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkDefault mkOption types;
  inherit (import ./plan/defaults.nix) app;
  inherit (import ./plan/names.nix) appBusPart;
  presets = import ./plan/units/presets.nix;
  cfg = config.nsguard;
  setsOnly = instead: import ./sets-only.nix { inherit lib instead; };
  numberOf = user: config.users.users.${user}.uid or null;

  flag =
    default: description:
    mkOption {
      type = types.bool;
      inherit default description;
      example = !default;
    };

  bus =
    kind:
    import ./bus.nix { inherit lib; } {
      who = "app";
      at = "nsguard.apps.<name>";
      inherit kind;
      default = app.dbus.${kind};
      example = [ "org.freedesktop.Notifications" ];
    };

  appModule =
    { config, name, ... }:
    {
      options = {
        preset = mkOption {
          type = types.nullOr (types.enum (lib.attrNames presets));
          default = app.preset;
          example = "chromium";
          description = ''
            Name of a program whose needs are known. The preset sets the defaults of other options: package, windows
            and part of the session bus.

            Risk: that of each option it sets; `nixos-option nsguard.apps.<name>` shows them.
          '';
        };

        namespace = mkOption {
          type = types.nullOr types.str;
          default = app.namespace;
          example = "vpn";
          description = ''
            Name of the namespace that confines the app, one of {option}`nsguard.namespaces`. The app's unit
            `nsguard-app-NAME.service` is confined as {option}`systemd.services.<name>.nsguard.namespace` confines a
            service.

            Risk: apps and services that share a namespace share its address and its loopback interface.
          '';
        };

        package = mkOption {
          type = types.nullOr types.package;
          default = null;
          example = lib.literalExpression "pkgs.brave";
          description = ''
            Package of the program. Its menu entries are offered again, with the launcher in place of the program.

            Risk: if the package itself is installed as well, its own entries start it unconfined.
          '';
        };

        command = mkOption {
          type = types.nullOr types.str;
          default = if config.package == null then app.command else lib.getExe config.package;
          defaultText = lib.literalExpression "lib.getExe package";
          example = "/run/current-system/sw/bin/aria2c";
          description = ''
            Path of the program.

            Risk: the program runs as the app's user, with what this user may do in the confinement.
          '';
        };

        args = mkOption {
          type = types.listOf types.str;
          default = app.args;
          example = [ "--incognito" ];
          description = ''
            Arguments of the program, passed on literally. The arguments of a launch follow.

            Risk: an argument can weaken the program's own protections. A browser's `--no-sandbox` is refused.
          '';
        };

        user = mkOption {
          type = types.nullOr types.str;
          default = app.user;
          example = "alice";
          description = ''
            User who uses the app. It runs as this user, and nobody else may launch it. Without a user, the app has a
            user of its own, created when it starts, and only root launches it.

            Risk: of the user's files the app sees only {option}`nsguard.apps.<name>.readWritePaths`, but the user's
            other programs can read what the app leaves in its own home directory.
          '';
        };

        uid = mkOption {
          type = types.nullOr types.int;
          default = if config.user == null then app.uid else numberOf config.user;
          defaultText = lib.literalExpression "config.users.users.\${user}.uid";
          example = 1000;
          description = ''
            Number of the app's user. The session's sockets are found by it, in `/run/user/NUMBER`.

            Risk: with another user's number, the app is connected to that user's session, which refuses it.
          '';
        };

        gui = {
          wayland = flag app.gui.wayland ''
            Whether the app may open windows on the user's Wayland displays, `wayland-0` and `wayland-1` of the
            session. The compositor must offer security contexts (`wp_security_context_manager_v1`; Sway does from
            1.9). The app gets a socket on which the compositor offers windows, keys while a window has the focus, and
            the clipboard, but nothing that types into other windows or takes pictures of the screen. On a compositor
            without security contexts, the app gets no display, and its launcher says so.

            Risk: the compositor decides what it offers in a security context.
          '';
          waylandUnfiltered = flag app.gui.waylandUnfiltered ''
            Whether the app may use the compositor's own sockets, `wayland-0` and `wayland-1` of the session, without
            a security context. This is for compositors that have none. It replaces
            {option}`nsguard.apps.<name>.gui.wayland`.

            Risk: **the app can run code outside** on compositors that offer a virtual keyboard to every client, as
            those based on wlroots do (Sway, river, labwc and others): it types into a terminal of the user's, and
            takes pictures of the screen. A compositor that offers neither, such as GNOME's, does not allow this.
          '';
          x11 = flag app.gui.x11 ''
            Whether the app may open windows on the X server. `/tmp/.X11-unix` is bound in, and each launch passes on
            the user's X cookie. Shared memory by shmget(2) is denied, because the server would look up its number
            among the host's and show in the app's window what another program has drawn.

            Risk: **the app can run code outside**. An X client reads the keys and the screen of all other clients and
            types into them, also into a terminal outside.
          '';
          gpu = flag app.gui.gpu ''
            Whether the app may use the graphics card, by `/dev/dri`.

            Risk: the app can attack the card's driver in the kernel, as every program with access can.
          '';
          portals = flag app.gui.portals ''
            Whether the app may use the desktop's portals to choose files, to show notifications and to read settings.
            It requires `dbus.session.access = "filtered"`. Portals that open pages, start programs or describe the
            network are not included.

            Risk: to a portal the caller is an ordinary program, and the paths that the portal returns are those of
            the user's files.
          '';
          sound = mkOption {
            type = types.enum [
              "none"
              "pipewire"
              "pulse"
            ];
            default = app.gui.sound;
            example = "pipewire";
            description = ''
              How the app makes sound. `pipewire`: by PipeWire's socket. `pulse`: by PulseAudio's socket as well.
              `none`: not at all. No preset sets this option.

              Risk of `"pipewire"` and `"pulse"`: **the app can run code outside**. A client of PipeWire can make the
              user's sound server load a library of the client's (`create-node` with `library.name`), which then runs
              as the user in the host's network. The app can listen to the microphone as well. With `"pulse"`, the app
              can besides make the sound server load a module that sends sound over the network, and that goes on
              after the app has ended.
            '';
          };
        };

        dbus = {
          session = bus "session" // {
            own = mkOption {
              type = types.listOf types.str;
              default = app.dbus.session.own;
              example = [ "org.mozilla.${appBusPart "web"}.*" ];
              description = ''
                Names that the app may own on the session bus when access is `filtered`. A `.*` at the end stands for
                whatever follows. A program finds its running instance by such a name. One part of each name must be
                `nsguard_NAME`, where NAME is the app's name with `_` in place of `-`, so that the app never finds a
                program outside or another app. Mozilla's programs take that part from `MOZ_DBUS_APP_NAME` in
                {option}`nsguard.apps.<name>.environment`.

                Risk: any program of the user's can call the app by such a name, and make it load a page in its
                namespace.
              '';
            };
          };
          system = bus "system";
        };

        sandbox.enable = flag app.sandbox.enable ''
          Whether to run the app in bubblewrap as well, within the confinement. It then has its own process numbers,
          message queues, host name, `/tmp`, `/dev` and `/proc`. The system is read-only, and of home directories it
          sees only its own and {option}`nsguard.apps.<name>.readWritePaths`. It requires
          {option}`nsguard.apps.<name>.user`.

          Risk of `false`: there is one wall instead of two around processes, devices and files. The network is the
          same.
        '';

        autoStart = flag app.autoStart ''
          Whether to start the app automatically: when its user's session starts if it has windows, and at boot
          otherwise.

          Risk: it uses the network before anybody looks.
        '';

        restart = mkOption {
          type = types.enum [
            "no"
            "on-success"
            "on-failure"
            "on-abnormal"
            "on-abort"
            "always"
          ];
          default = app.restart;
          example = "on-failure";
          description = ''
            When to restart the app after it has ended, as `Restart=` in systemd.service(5). It restarts in the
            session from which it was launched, without the arguments of the launch.

            Risk: an app that crashed because of what it loaded may load that again.
          '';
        };

        environment = mkOption {
          type = types.attrsOf types.str;
          default = app.environment;
          example = {
            MOZ_ENABLE_WAYLAND = "1";
          };
          description = ''
            Environment variables of the app. From the user's environment, an app with windows also gets the display
            (`DISPLAY`, `WAYLAND_DISPLAY`) and what marks a launch by the desktop (`DESKTOP_STARTUP_ID`,
            `XDG_ACTIVATION_TOKEN`), and nothing else.

            Risk: everybody on the machine can read these variables in the unit. Put no secrets and no addresses of
            the host in them.
          '';
        };

        readWritePaths = mkOption {
          type = types.listOf types.str;
          default = app.readWritePaths;
          example = [ "/home/alice/Downloads" ];
          description = ''
            Directories to which the app may write besides its own home, `/var/lib/nsguard-app-NAME`. They must exist.

            Risk: programs outside may act on what it writes there. Whole home directories and the system's
            directories are refused.
          '';
        };

        extraServiceConfig = mkOption {
          type = types.attrsOf types.anything;
          default = app.extraServiceConfig;
          example = {
            MemoryMax = "4G";
          };
          description = ''
            Further settings of the unit's `[Service]` section (systemd.exec(5), systemd.resource-control(5)). The
            confinement is applied on top and overrides weaker settings.

            Risk: the app reaches what they bind in.
          '';
        };

        desktopEntry = import ./desktop-entry.nix { inherit lib; };
      };

      config = lib.mkMerge (
        lib.mapAttrsToList (
          preset: known:
          lib.mkIf (config.preset == preset) (
            lib.mapAttrsRecursive (_: mkDefault) (known.app name)
            // {
              package = mkDefault pkgs.${known.package};
            }
          )
        ) presets
      );
    };

  # The launcher wins over the package in the system's PATH (hiPrio), since the package may be installed too.
  installed =
    name:
    let
      inherit (cfg) planned;
    in
    lib.hiPrio (
      pkgs.callPackage ../pkgs/nsguard-app/package.nix {
        inherit name;
        inherit (cfg.apps.${name}) package namespace;
        nsguard = cfg.package;
        launcher = planned.launchers.${name};
        # null: the package's own entries, with the launcher as their program.
        desktopEntry =
          if cfg.apps.${name}.package != null && cfg.apps.${name}.desktopEntry.name == null then
            null
          else
            planned.desktopEntries.${name} or null;
        withEntries = planned.desktopEntries ? ${name};
      }
    );
in
{
  options.nsguard.apps = mkOption {
    type = types.attrsOf (
      setsOnly (name: "to name its program, write ${name}.package = pkgs.…;") (types.submodule appModule)
    );
    default = { };
    example = lib.literalExpression ''
      {
        brave = {
          package = pkgs.brave;
          namespace = "vpn";
          user = "alice";
          gui.wayland = true;
        };
      }
    '';
    description = ''
      Programs that a user starts, each confined to a namespace. Each gets a launcher of the same name in the PATH,
      which needs no privileges, entries in menus, and two units. `nsguard-app-NAME.socket` accepts launches from the
      app's user only. All programs of the app run in `nsguard-app-NAME.service`. A second launch joins the first.

      Risk: if the program itself is installed as well, it still runs unconfined under that name. Programs in the
      user's own profile (`users.users.<name>.packages`, `nix profile install`) come **before** the launcher in PATH.
      The first kind causes a warning. `type -a NAME` shows which comes first.
    '';
  };

  config = {
    nsguard.specification.apps = cfg.apps;
    warnings = lib.concatMap (
      name:
      let
        inherit (cfg.apps.${name}) package user;
        own = if user == null then [ ] else config.users.users.${user}.packages or [ ];
      in
      lib.optional (package != null && lib.elem package own) (
        "nsguard.apps.${name}: users.users.${user}.packages has the same program, which comes before the launcher "
        + "in PATH and runs unconfined; remove it there"
      )
    ) (lib.attrNames cfg.planned.launchers);
    environment.systemPackages = map installed (lib.attrNames cfg.planned.launchers);
  };
}
