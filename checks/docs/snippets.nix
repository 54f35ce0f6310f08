# The snippets that the documentation shows, each as a NixOS host: name -> { messages; confined; units; }.
#
# Secrets' managers are stand-ins with the options that the snippets use, named as theirs are.
arguments@{ lib, ... }:
let
  inherit (import ../eval/nixos.nix arguments) evaluate;
  inherit (lib) mkOption types;

  directory = ../../docs/snippets;
  snippets = lib.mapAttrs' (
    file: _: lib.nameValuePair (lib.removeSuffix ".nix" file) (directory + "/${file}")
  ) (builtins.readDir directory);

  secretAt =
    directory: options:
    mkOption {
      type = types.attrsOf (
        types.submodule (
          { name, ... }:
          {
            options = options // {
              path = mkOption {
                type = types.str;
                default = "${directory}/${name}";
              };
            };
          }
        )
      );
      default = { };
    };

  managers.options = {
    sops.secrets = secretAt "/run/secrets" {
      sopsFile = mkOption { type = types.path; };
      format = mkOption { type = types.str; };
      reloadUnits = mkOption { type = types.listOf types.str; };
    };
    age.secrets = secretAt "/run/agenix" { file = mkOption { type = types.path; }; };
  };

  judge =
    _: file:
    let
      config = evaluate {
        imports = [
          file
          managers
          { users.users.alice.isNormalUser = true; }
        ]
        # One that has no tunnel of its own goes with the first.
        ++ lib.optional (!lib.hasInfix "nsguard.tunnels" (builtins.readFile file)) (
          directory + "/first.nix"
        )
        ++ [
          (import ../../modules/leak-test.nix { makeLeakTest = lib.id; })
        ];
      };
      confined = lib.filterAttrs (_: service: service.nsguard.namespace != null) config.systemd.services;
    in
    {
      messages = map (a: a.message) (lib.filter (a: !a.assertion) config.assertions);
      confined = lib.mapAttrs (_: service: service.serviceConfig.NetworkNamespacePath) confined;
      units = lib.attrNames (lib.filterAttrs (_: unit: unit.text != "") config.nsguard.planned.units);
    };
in
lib.mapAttrs judge snippets
