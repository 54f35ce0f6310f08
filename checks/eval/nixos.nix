# Evaluates a specification of plain data as a NixOS configuration.
#
#   pkgs: nixpkgs' own packages; null for stand-ins, one for each of `names`, with these `attributes`
{
  lib,
  nixos ? null,
  names ? [ ],
  attributes ? [ ],
  pkgs ? null,
}:
let
  packages = if pkgs != null then pkgs else standIns;

  standIns = import ./stand-ins.nix {
    inherit lib attributes;
    # A tree of nixpkgs may lack packages that nsguard's own modules name.
    names =
      names
      ++ ours
      ++ map (preset: preset.package) (builtins.attrValues (import ../../modules/plan/units/presets.nix));
  };

  ours = [
    "amneziawg-go"
    "bubblewrap"
    "dbus"
    "systemd"
    "wireguard-go"
    "xdg-dbus-proxy"
  ];

  # The directory in which scenarios of plain data expect their programs.
  inUsr =
    package:
    package
    // {
      outPath = "/usr";
      bin = "/usr";
    };

  service = value: {
    nsguard = removeAttrs value [
      "sockets"
      "unitConfig"
      "serviceConfig"
      "wantedBy"
    ];
    unitConfig = value.unitConfig or { };
    serviceConfig = value.serviceConfig or { };
    wantedBy = value.wantedBy or [ ];
  };

  evaluateWhole = evaluateSome { };

  # only: { baseModules = …; }, in place of all modules of NixOS
  evaluateSome =
    only: module:
    import (nixos + "/lib/eval-config.nix") (
      {
        inherit lib;
        system = null;
        modules = [
          ../../modules
          module
          {
            _module.args.pkgs = lib.mkForce (packages // lib.genAttrs ours (name: inUsr packages.${name}));
            boot.isContainer = true;
            documentation.enable = false;
            nixpkgs.hostPlatform = "x86_64-linux";
            nsguard.package = inUsr {
              type = "derivation";
              name = "nsguard";
              meta.mainProgram = "nsguard";
            };
            system.stateVersion = "25.05";
          }
        ];
      }
      // only
    );
in
{
  # The same specification in NixOS's options.
  moduleOf = specification: {
    nsguard = {
      namespaces = specification.namespaces or { };
      tunnels = specification.tunnels or { };
      metrics = specification.metrics or { };
      apps = specification.apps or { };
    };
    # Plain data does not say which accounts the machine has. Modules with the same key count as one, so that several
    # specifications can be of one machine.
    imports =
      let
        known = specification.known or { };
      in
      [
        {
          key = "known: ${builtins.toJSON known}";
          nsguard.specification.known = lib.mkForce known;
        }
      ];
    users.users = builtins.mapAttrs (
      _: account:
      {
        inherit (account) home;
        group = "users";
        isNormalUser = account.person or false;
        isSystemUser = !(account.person or false);
      }
      // (if account ? uid then { inherit (account) uid; } else { })
    ) (specification.accounts or { });
    fileSystems = builtins.listToAttrs (
      map (bind: {
        name = bind.mountPoint;
        value = {
          inherit (bind) device;
          options = [ "bind" ];
        };
      }) (specification.binds or [ ])
    );
    systemd.services = builtins.mapAttrs (_: service) (specification.services or { });
    systemd.sockets = lib.mergeAttrsList (
      map (value: value.sockets or { }) (builtins.attrValues (specification.services or { }))
    );
  };

  evaluate = module: (evaluateWhole module).config;

  inherit evaluateSome evaluateWhole;
  pkgs = packages;
}
