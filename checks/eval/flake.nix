# What the flake offers, by the names of its outputs, with stand-ins for nixpkgs' packages.
{
  lib,
  nixos,
  names,
}:
let
  standIns = import ./stand-ins.nix { inherit lib names; };

  package = attributes: standIns.hello // { inherit (attributes) pname version meta; };

  # A package file is called with what it names, as callPackage does.
  pkgs = standIns // {
    callPackage =
      path: _:
      let
        make = import path;
      in
      make (builtins.mapAttrs (name: _: pkgs.${name}) (builtins.functionArgs make));
    stdenv = standIns.stdenv // {
      hostPlatform.system = "x86_64-linux";
    };
    stdenvNoCC.mkDerivation = package;
    mkShell = attributes: builtins.seq (builtins.length (attributes.inputsFrom ++ attributes.packages)) standIns.hello;
    python3 = standIns.python3 // {
      interpreter = "/stand-in/python3";
      pkgs = standIns.python3Packages // {
        buildPythonApplication = package;
      };
    };
  };

  self =
    (import ../../flake.nix).outputs {
      inherit self;
      nixpkgs = {
        inherit lib;
        outPath = builtins.dirOf nixos;
        legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (_: pkgs);
      };
    };
in
{
  modules = builtins.attrNames self.nixosModules;
  packages = builtins.mapAttrs (_: builtins.mapAttrs (_: p: p.meta.mainProgram)) self.packages;
  checks = builtins.mapAttrs (_: builtins.attrNames) self.checks;
  others = builtins.mapAttrs (_: builtins.typeOf) (self.formatter // self.devShells);
}
