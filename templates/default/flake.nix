# A host that confines one service to a tunnel, and a check that it leaks nothing.
{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
    nsguard.url = "github:OWNER/nsguard"; # where you have it from
    nsguard.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs =
    { nixpkgs, nsguard, ... }:
    let
      host = nixpkgs.lib.nixosSystem {
        modules = [
          nsguard.nixosModules.default
          nsguard.nixosModules.leak-test
          ./configuration.nix
        ];
      };
    in
    {
      nixosConfigurations.host = host;

      # `nix flake check` attacks the host's own configuration, in virtual machines.
      checks.x86_64-linux.leaks = host.config.system.build.leakTest;
    };
}
