{
  description = "Confine NixOS services to WireGuard network namespaces, and prove that nothing leaks";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      eachSystem =
        f: lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (system: f nixpkgs.legacyPackages.${system});
    in
    {
      nixosModules = {
        nsguard = ./modules;
        default = self.nixosModules.nsguard;
        leak-test-agents = ./modules/agents.nix;
        leak-test = lib.modules.importApply ./modules/leak-test.nix { inherit (self.lib) makeLeakTest; };
      };

      lib.makeLeakTest = import ./lib/leak-test.nix;

      templates.default = {
        path = ./templates/default;
        description = "A host that confines one service, and a check that it leaks nothing";
      };

      packages = eachSystem (pkgs: {
        nsguard = pkgs.callPackage ./pkgs/nsguard/package.nix {
          leakTests = {
            inherit (self.checks.${pkgs.stdenv.hostPlatform.system}) leaks;
          };
        };
        nsguard-harness = pkgs.callPackage ./harness/package.nix {
          leakTests = {
            inherit (self.checks.${pkgs.stdenv.hostPlatform.system}) planted-namespace-alone;
          };
        };
        default = self.packages.${pkgs.stdenv.hostPlatform.system}.nsguard;
      });

      checks = eachSystem (
        pkgs:
        import ./checks {
          inherit pkgs nixpkgs;
          nsguard = self;
          packages = self.packages.${pkgs.stdenv.hostPlatform.system};
        }
      );

      formatter = eachSystem (pkgs: pkgs.nixfmt-tree);

      devShells = eachSystem (pkgs: {
        default = pkgs.mkShell {
          inputsFrom = lib.attrValues (
            removeAttrs self.packages.${pkgs.stdenv.hostPlatform.system} [ "default" ]
          );
          # Labs run nsguard-init on Debian, which has none of Nix's libraries.
          env.LDFLAGS = "-static";
          packages = with pkgs; [
            deadnix
            statix
            mypy
            nixfmt
            ruff
            shellcheck
            tcpdump
            wireguard-tools
          ];
        };
      });
    };
}
