# The snippets that the documentation shows, each as a NixOS host: name -> { messages; confined; units; }.
# Without leak-test.nix, which is a leak test and evaluated by ../eval/flake.nix.
arguments@{ lib, ... }:
let
  inherit (import ../eval/nixos.nix arguments) evaluate;

  directory = ../../docs/snippets;
  snippets = lib.mapAttrs' (
    file: _: lib.nameValuePair (lib.removeSuffix ".nix" file) (directory + "/${file}")
  ) (removeAttrs (builtins.readDir directory) [ "leak-test.nix" ]);

  judge =
    _: file:
    let
      config = evaluate {
        imports = [
          file
          ../../modules/agents.nix
          ./managers.nix
          { users.users.alice.isNormalUser = true; }
        ]
        # A snippet without a tunnel of its own is evaluated with that of the first snippet.
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
