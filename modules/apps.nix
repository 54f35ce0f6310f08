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
            Name of a program whose needs are known: its package, windows and part of the session bus are then the
            defaults of the other options.

            Risk: that of each option it sets; `nixos-option nsguard.apps.<name>` shows them.
          '';
        };

        namespace = mkOption {
          type = types.nullOr types.str;
          default = app.namespace;
          example = "vpn";
          description = ''
            Name of the namespace, one of {option}`nsguard.namespaces`, that the app is confined to. Its unit
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
            The package of the program. Its menu entries are offered again, with the launcher in place of the program.

            Risk: where the package itself is installed as well, its own entries start it unconfined.
          '';
        };

        command = mkOption {
          type = types.nullOr types.str;
          default = if config.package == null then app.command else lib.getExe config.package;
          defaultText = lib.literalExpression "lib.getExe package";
          example = "/run/current-system/sw/bin/aria2c";
          description = ''
            Path of the program.

            Risk: it is run as the app's user, with what that user may do in the confinement.
          '';
        };

        args = mkOption {
          type = types.listOf types.str;
          default = app.args;
          example = [ "--incognito" ];
          description = ''
            Arguments of the program, each as it is; those of a launch follow.

            Risk: an argument can weaken what the program guards itself. A browser's `--no-sandbox` is refused.
          '';
        };

        user = mkOption {
          type = types.nullOr types.str;
          default = app.user;
          example = "alice";
          description = ''
            The person who uses the app: it runs as this user, who alone may launch it. Without one the app has a user of
            its own, made when it starts, and only root starts it.

            Risk: of the person's files the app sees none but {option}`nsguard.apps.<name>.readWritePaths`, and what it
            leaves in its own home directory the person's other programs can read.
          '';
        };

        uid = mkOption {
          type = types.nullOr types.int;
          default = if config.user == null then app.uid else numberOf config.user;
          defaultText = lib.literalExpression "config.users.users.\${user}.uid";
          example = 1000;
          description = ''
            The number of the app's user, by which the session's sockets are found: `/run/user/NUMBER`.

            Risk: with another's number the app is bound to that one's session, which refuses it.
          '';
        };

        gui = {
          wayland = flag app.gui.wayland ''
            Whether the app may open windows on the person's Wayland displays, `wayland-0` and `wayland-1` of the session.
            The compositor must offer security contexts (`wp_security_context_manager_v1`; Sway does from 1.9). The app
            gets a socket on which the compositor offers windows, keys while they have the focus and the clipboard, and
            nothing that types into other windows or takes pictures of the screen. On a compositor without security
            contexts the app gets no display, and its launcher says so.

            Risk: what the compositor offers in a security context is the compositor's choice.
          '';
          waylandUnfiltered = flag app.gui.waylandUnfiltered ''
            Whether the app may use the compositor's own sockets, `wayland-0` and `wayland-1` of the session, without a
            security context; for compositors that have none. It replaces {option}`nsguard.apps.<name>.gui.wayland`.

            Risk: **it runs code outside** on compositors that offer a virtual keyboard to every client, as those made of
            wlroots do (Sway, river, labwc and others): the app types into a terminal of the person's, and takes pictures
            of the screen. A compositor that offers neither, as GNOME's, does not let it.
          '';
          x11 = flag app.gui.x11 ''
            Whether the app may open windows on the X server: `/tmp/.X11-unix` is bound in, and the person's cookie goes
            along with a launch. Shared memory by shmget(2) is denied then: the server would look up its number among the
            host's, and show in the app's window what another program had drawn.

            Risk: a client of an X server reads the keys and the screen of all others, and types into them: it can have a
            terminal outside do anything.
          '';
          gpu = flag app.gui.gpu ''
            Whether the app may use the graphics card, by `/dev/dri`.

            Risk: the card's driver in the kernel, which every program with access can attack.
          '';
          portals = flag app.gui.portals ''
            Whether the app may ask the desktop's portals to choose files, to notify and for settings. It needs
            `dbus.session.access = "filtered"`. Portals that open pages, start programs or tell of the network are not
            among them.

            Risk: for the portal the caller is an ordinary program, and the paths that it names are the person's.
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
              How the app makes sound: by PipeWire's socket, by that and PulseAudio's, or not at all. No preset sets it.

              Risk of either: **it runs code outside**. A client of PipeWire's can have the person's sound server load a
              library of the client's (`create-node` with `library.name`), which then runs as the person in the host's
              network; it listens to the microphone as well. Of PulseAudio's socket besides: the sound server sends sound
              over the network for whoever tells it to load such a module, and goes on after the app has ended.
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
                Names that the app may have on the session bus, when it is filtered; a `.*` at the end stands for whatever
                follows. By them a program finds the one that runs already. Each has `nsguard_NAME` for a part, NAME being
                the app's with `_` for `-`, so that the app never finds a program outside, or another app, by it. Programs
                of Mozilla's take that part from `MOZ_DBUS_APP_NAME` in {option}`nsguard.apps.<name>.environment`.

                Risk: any program of the person's may call the app by such a name, and have it load a page in its namespace.
              '';
            };
          };
          system = bus "system";
        };

        sandbox.enable = flag app.sandbox.enable ''
          Whether to run the app in bubblewrap as well, within the confinement: process numbers, message queues and a host
          name of its own, a `/tmp`, `/dev` and `/proc` of its own, the system read-only, and of home directories nothing but
          its own and {option}`nsguard.apps.<name>.readWritePaths`. It needs a {option}`nsguard.apps.<name>.user`.

          Risk of `false`: one wall instead of two around processes, devices and files; the network is the same.
        '';

        autoStart = flag app.autoStart ''
          Whether to start the app by itself: with the machine, or with the person's session where it has windows.

          Risk: it talks to the network before anybody looks.
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
            When to start the app again after it ended, as `Restart=` in systemd.service(5) has it; in the session that it
            was launched from, without the arguments of the launch.

            Risk: an app that was made to crash by what it loaded may load it again.
          '';
        };

        environment = mkOption {
          type = types.attrsOf types.str;
          default = app.environment;
          example = {
            MOZ_ENABLE_WAYLAND = "1";
          };
          description = ''
            Variables of the app's environment. From that of the person come `DISPLAY`, `WAYLAND_DISPLAY` and what marks a
            launch by the desktop, where the app has windows, and no others.

            Risk: everybody on the machine can read them in the unit; no secrets, and no addresses of the host.
          '';
        };

        readWritePaths = mkOption {
          type = types.listOf types.str;
          default = app.readWritePaths;
          example = [ "/home/alice/Downloads" ];
          description = ''
            Directories that the app may write to beside its own home, `/var/lib/nsguard-app-NAME`. They must exist.

            Risk: what it writes there, programs outside may act on. Whole home directories and the system's are refused.
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
            confinement is laid over them and outweighs what is weaker.

            Risk: what they bind in, it reaches.
          '';
        };

        desktopEntry = {
          enable = mkOption {
            type = types.nullOr types.bool;
            default = app.desktopEntry.enable;
            example = false;
            description = ''
              Whether the app has an entry in menus; `null` gives one to an app with windows.

              Risk: with its MIME types the entry can be what opens pages; so can the unconfined program's.
            '';
          };
          name = mkOption {
            type = types.nullOr types.str;
            default = app.desktopEntry.name;
            example = "Web";
            description = ''
              Name in menus, to which that of the namespace is added; `null` keeps the package's entries as they are.

              Risk: with the unconfined program's name alone, nobody tells the two apart.
            '';
          };
          icon = mkOption {
            type = types.nullOr types.str;
            default = app.desktopEntry.icon;
            example = "web-browser";
            description = "Name or path of the icon, where there is no package with entries.\n\nRisk: none.";
          };
          categories = mkOption {
            type = types.listOf types.str;
            default = app.desktopEntry.categories;
            example = [ "Network" ];
            description = "Menus that the entry is in, where there is no package with entries.\n\nRisk: none.";
          };
          mimeTypes = mkOption {
            type = types.listOf types.str;
            default = app.desktopEntry.mimeTypes;
            example = [ "x-scheme-handler/magnet" ];
            description = ''
              Types that the app opens, where there is no package with entries.

              Risk: other programs hand it whatever has these types.
            '';
          };
        };
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

  # Behind a program outside of the PATH, since the package may be installed too.
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
        # The package's own entries are as good, unless there is something to say.
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
    type = types.attrsOf (types.submodule appModule);
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
      Programs that a person starts, each confined to a namespace. Each gets a launcher in the PATH that is named after it
      and needs no privileges, entries in menus, and two units: `nsguard-app-NAME.socket`, which takes launches from the
      app's user alone, and `nsguard-app-NAME.service`, in which all of its programs run. A second launch joins the first.

      Risk: a program of that name that is installed as well is still there, unconfined. What the person's own profile has
      (`users.users.<name>.packages`, `nix profile install`) comes **before** the launcher in PATH; a package of the
      first kind gives a warning. `type -a NAME` shows which comes first.
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
      lib.optional (package != null && lib.elem package own)
        "nsguard.apps.${name}: users.users.${user}.packages has the same program, which comes before the launcher in PATH and runs unconfined; remove it there"
    ) (lib.attrNames cfg.planned.launchers);
    environment.systemPackages = map installed (lib.attrNames cfg.planned.launchers);
  };
}
