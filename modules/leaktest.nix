# nsguard.leaktest: the leak test for this host as it runs.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.nsguard.leaktest;
in
{
  options.nsguard.leaktest = {
    enable = mkOption {
      type = types.bool;
      default = false;
      example = true;
      description = ''
        Whether to install `nsguard-leaktest`. With it, root tests a namespace of this host while the host runs: `sudo
        nsguard-leaktest live vpn`.

        Risk: none while nobody runs it. A run sends a few packets in clear text to addresses that nobody has. By
        these, an observer of the uplink learns that this host tests its confinement.
      '';
    };

    package =
      lib.mkPackageOption { nsguard-harness = pkgs.callPackage ../harness/package.nix { }; }
        "nsguard-harness"
        {
          pkgsText = "nsguard.packages.\${system}";
          example = "pkgs.nsguard-harness";
          extraDescription = ''
            It brings `nsguard-leaktest` with all the programs that this runs.

            Risk: root runs it, outside any confinement.
          '';
        };
  };

  config = lib.mkIf cfg.enable { environment.systemPackages = [ cfg.package ]; };
}
