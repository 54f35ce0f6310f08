# From options to the specification, and from the plan to NixOS's units and files.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  inherit (import ./plan/combine.nix) words;
  inherit (import ./plan/problems/problem.nix) refusals;
  cfg = config.nsguard;

  inherit (cfg.planned) files groups units;

  # Files of apps have directories of their own.
  ofNamespaces = lib.filterAttrs (path: _: lib.hasPrefix "/etc/nsguard/" path) files;
  inEtc = lib.mapAttrs' (path: lib.nameValuePair (lib.removePrefix "/etc/" path));

  # Problems in the options; if there are none, holes in the text that systemd will read.
  refused = cfg.planned.problems ++ cfg.plan.serviceProblems cfg.specification;
  holes = cfg.plan.serviceHoles cfg.specification (cfg.plan.unitTexts config.systemd.units);
  others = cfg.plan.unitProblems cfg.specification {
    inherit (config.systemd) units;
    etc = lib.mapAttrsToList (name: file: {
      inherit name;
      inherit (file) target;
    }) (lib.filterAttrs (_: file: file.enable) config.environment.etc);
    ours = lib.attrNames units;
  };

  accounts = cfg.plan.shownBy binds (
    lib.mapAttrs' (
      _: user:
      lib.nameValuePair user.name {
        home = builtins.unsafeDiscardStringContext (toString user.home);
        person = user.isNormalUser;
        inherit (user) uid;
      }
    ) config.users.users
  );

  # The file systems that show a directory of another one.
  binds = map (fs: {
    inherit (fs) mountPoint;
    device = builtins.unsafeDiscardStringContext fs.device;
  }) (lib.filter isBind (lib.attrValues config.fileSystems));
  isBind =
    fs:
    fs.enable or true
    && lib.hasPrefix "/" (toString fs.device)
    && (
      lib.hasSuffix "bindfs" fs.fsType
      || lib.any (option: option == "bind" || option == "rbind") (
        lib.concatMap (lib.splitString ",") fs.options
      )
    );

  shared = cfg.plan.sharedDirectories {
    inherit (cfg.specification) services;
    all = config.systemd.services;
    inherit (config.systemd) units;
  };

  warnings = cfg.plan.serviceWarnings (cfg.specification // { inherit (cfg) apps; }) (
    makers config.systemd.services
  );
  # Unit -> its namespace.
  confined = lib.concatMapAttrs (
    name: service:
    {
      "${name}.service" = service.namespace;
    }
    // lib.mapAttrs' (socket: _: lib.nameValuePair "${socket}.socket" service.namespace) service.sockets
  ) cfg.specification.services;
  # Directory below /run -> the service that makes it.
  makers =
    services:
    lib.listToAttrs (
      lib.concatLists (
        lib.mapAttrsToList (
          name: service:
          map (directory: lib.nameValuePair (lib.head (lib.splitString "/" directory)) name) (
            words (service.serviceConfig.RuntimeDirectory or null)
          )
        ) services
      )
    );

  # One package holds all units and one all files. As an option of NixOS each, ten namespaces would add a fifth to the
  # host's evaluation time. Options of systemd.services for one of these units become a drop-in.
  tree =
    name: texts:
    pkgs.runCommand name { } (
      lib.concatStrings (
        lib.mapAttrsToList (
          path: text:
          let
            # A text cannot contain its own hash, so the here-document ends where the text does.
            end = builtins.hashString "sha256" text;
          in
          ''
            install -Dm444 /dev/stdin "$out/${path}" <<'${end}'
            ${text}${end}
          ''
        ) texts
      )
    );

  # NixOS ignores the [Install] sections of packaged units.
  wants = lib.zipAttrsWith (_: lib.concatLists) (
    lib.mapAttrsToList (name: unit: lib.genAttrs unit.wantedBy (_: [ name ])) units
  );
in
{
  options.nsguard = {
    package =
      lib.mkPackageOption { nsguard = pkgs.callPackage ../pkgs/nsguard/package.nix { }; } "nsguard"
        {
          pkgsText = "nsguard.packages.\${system}";
          example = "pkgs.nsguard";
          extraDescription = ''
            The units run its program as root.

            Risk: it sets up the confinement, so nothing confines its mistakes.
          '';
        };

    plan = mkOption {
      type = types.raw;
      internal = true;
      readOnly = true;
      default = import ./plan {
        tools = {
          nsguard = lib.getExe cfg.package;
          nsguard-init = lib.getExe' cfg.package "nsguard-init";
          wireguard-go = lib.getExe pkgs.wireguard-go;
          amneziawg-go = lib.getExe pkgs.amneziawg-go;
          bubblewrap = lib.getExe' pkgs.bubblewrap "bwrap";
          systemd-socket-proxyd = "${config.systemd.package}/lib/systemd/systemd-socket-proxyd";
          xdg-dbus-proxy = lib.getExe' pkgs.xdg-dbus-proxy "xdg-dbus-proxy";
          dbus-daemon = lib.getExe' pkgs.dbus "dbus-daemon";
        };
      };
      description = "The functions of modules/plan.";
    };

    planned = mkOption {
      type = types.raw;
      internal = true;
      readOnly = true;
      # Without services: they are described from the finished configuration, which contains this value.
      default = cfg.plan.plan {
        inherit accounts;
        inherit (cfg)
          namespaces
          tunnels
          metrics
          apps
          ;
        # Not users and groups, because the plan makes some of them.
        known = lib.intersectAttrs {
          services = null;
          modules = null;
        } (cfg.specification.known or { });
      };
      description = "The units and files of namespaces and apps.";
    };

    warnings = mkOption {
      type = types.listOf types.str;
      internal = true;
      default = [ ];
      description = "Warnings about what is accepted but probably a mistake.";
    };

    specification = mkOption {
      type = types.attrsOf types.raw;
      internal = true;
      description = "The configuration as plain data, in the form of a scenario of the leak tests.";
    };
  };

  config = lib.mkMerge [
    {
      nsguard.specification = {
        inherit (cfg) namespaces tunnels metrics;
        inherit accounts;
        known = {
          users = lib.attrNames accounts;
          groups = map (group: group.name) (lib.attrValues config.users.groups);
          services = lib.attrNames config.systemd.services;
          modules = lib.attrNames (lib.filterAttrs (_: module: module ? enable) (options.services or { }));
        };
      };
      warnings = cfg.planned.warnings ++ warnings ++ shared.warnings ++ cfg.warnings;
      assertions = refusals (if refused == [ ] then others ++ shared.problems ++ holes else refused);
    }
    (lib.mkIf (cfg.namespaces != { }) {
      environment.systemPackages = [ cfg.package ];
      environment.etc =
        inEtc (lib.mapAttrs (_: text: { inherit text; }) (removeAttrs files (lib.attrNames ofNamespaces)))
        // {
          nsguard.source = "${tree "nsguard-files" (inEtc ofNamespaces)}/nsguard";
        };
      # Stops units that run unconfined when they become confined: a switch restarts no sockets, and not all services.
      system.activationScripts.nsguard = toString [
        (lib.getExe cfg.package)
        "settle"
        (pkgs.writeText "nsguard-confined.json" (builtins.toJSON confined))
      ];
      systemd.packages = [
        (tree "nsguard-units" (
          lib.mapAttrs' (name: unit: lib.nameValuePair "lib/systemd/system/${name}" unit.text) (
            units // cfg.plan.ofServices cfg.specification.services
          )
          // lib.mapAttrs' (name: units: {
            name = "lib/systemd/system/${name}.d/nsguard.conf";
            value = "[Unit]\nWants=${toString units}\n";
          }) wants
        ))
      ];
      # The journal reads its configuration when it starts.
      systemd.services.systemd-journald.restartTriggers = lib.attrValues cfg.plan.journalFiles;
      networking.firewall.allowedTCPPorts = cfg.planned.openPorts;
      users.groups = lib.mapAttrs (_: members: { inherit members; }) groups;
    })
  ];
}
