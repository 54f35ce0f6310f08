# From options to the specification, and from the plan to NixOS's units and files.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.nsguard;


  unitsOf =
    suffix:
    lib.mapAttrs' (name: unit: lib.nameValuePair (lib.removeSuffix suffix name) (removeAttrs unit [ "text" ])) (
      lib.filterAttrs (name: _: lib.hasSuffix suffix name) cfg.planned.units
    );
in
{
  options.nsguard = {
    package = mkOption {
      type = types.package;
      default = pkgs.callPackage ../pkgs/nsguard/package.nix { };
      defaultText = lib.literalExpression "nsguard.packages.\${system}.nsguard";
      example = lib.literalExpression "pkgs.nsguard";
      description = ''
        The package of the `nsguard` program, which the units run as root.

        Risk: it sets up the confinement, so what it does wrong is not confined.
      '';
    };

    plan = mkOption {
      type = types.raw;
      internal = true;
      readOnly = true;
      default = import ./plan {
        tools = {
          nsguard = lib.getExe cfg.package;
          wireguard-go = lib.getExe pkgs.wireguard-go;
          amneziawg-go = lib.getExe pkgs.amneziawg-go;
          bubblewrap = lib.getExe' pkgs.bubblewrap "bwrap";
          xdg-dbus-proxy = lib.getExe' pkgs.xdg-dbus-proxy "xdg-dbus-proxy";
        };
      };
      description = "The functions of modules/plan.";
    };

    planned = mkOption {
      type = types.raw;
      internal = true;
      readOnly = true;
      # Services are left out here: the units of namespaces are among the services that `specification` describes.
      default = cfg.plan.plan { inherit (cfg) namespaces tunnels metrics apps; };
      description = "The units and files of namespaces and apps.";
    };

    specification = mkOption {
      type = types.attrsOf types.raw;
      internal = true;
      description = "What was meant, as plain data: what a scenario of the leak tests says in its own file.";
    };
  };

  config = lib.mkMerge [
    {
      nsguard.specification = { inherit (cfg) namespaces tunnels metrics; };
      assertions = map (message: {
        assertion = false;
        inherit message;
      }) (cfg.plan.plan cfg.specification).problems;
    }
    (lib.mkIf (cfg.namespaces != { }) {
      environment.systemPackages = [ cfg.package ];
      environment.etc = lib.mapAttrs' (
        path: text: lib.nameValuePair (lib.removePrefix "/etc/" path) { inherit text; }
      ) cfg.planned.files;
      systemd.services = unitsOf ".service";
      systemd.sockets = unitsOf ".socket";
      systemd.timers = unitsOf ".timer";
      users.groups = lib.mapAttrs (_: members: { inherit members; }) cfg.planned.groups;
    })
  ];
}
