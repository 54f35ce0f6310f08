# The flake's outputs by name, evaluated with stand-ins for nixpkgs' packages.
{
  lib,
  nixos,
  names,
  attributes ? [ ],
}:
let
  standIns = import ./stand-ins.nix { inherit lib names attributes; };

  package =
    given:
    let
      attributes = if lib.isFunction given then given attributes else given;
    in
    standIns.hello
    // {
      inherit (attributes) pname version meta;
      tests = attributes.passthru.tests or { };
    };

  # Calls a package file with the arguments that it names, like callPackage.
  pkgs = standIns // {
    callPackage =
      path: given:
      let
        make = import path;
      in
      make (builtins.mapAttrs (name: _: pkgs.${name}) (builtins.functionArgs make) // given);
    stdenv = standIns.stdenv // {
      hostPlatform = standIns.stdenv.hostPlatform;
      mkDerivation = package;
    };
    stdenvNoCC.mkDerivation = package;
    runCommand =
      _name: attributes: _:
      standIns.hello // attributes.passthru or { };
    mkShell =
      attributes:
      builtins.seq (builtins.length (attributes.inputsFrom ++ attributes.packages)) standIns.hello;
    __splicedPackages = pkgs;
    testers.testBuildFailure = test: test;
    # The test's definition instead of the test, which nobody could build.
    testers.runNixOSTest =
      test:
      let
        evaluated = (import (nixos + "/lib/testing") { inherit lib; }).evalTest {
          imports = [ test ];
          hostPkgs = pkgs;
          defaults = {
            _module.args.pkgs = lib.mkForce pkgs;
            nixpkgs.hostPlatform = "x86_64-linux";
            system.stateVersion = "25.05";
          };
        };
      in
      standIns.hello // { inherit (evaluated) config; } // evaluated.config.passthru;
    python3 = standIns.python3 // {
      interpreter = "/stand-in/python3";
      sitePackages = "lib/python3/site-packages";
      pkgs = standIns.python3Packages // {
        buildPythonApplication = package;
      };
    };
  };

  nixpkgs = {
    lib = lib // {
      nixosSystem =
        { modules }:
        import (nixos + "/lib/eval-config.nix") {
          inherit lib;
          system = null;
          modules = modules ++ [
            {
              _module.args.pkgs = lib.mkForce pkgs;
              system.stateVersion = lib.mkForce "25.05";
            }
          ];
        };
    };
    outPath = builtins.dirOf nixos;
    legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (_: pkgs);
  };

  self = (import ../../flake.nix).outputs { inherit self nixpkgs; };

  host =
    modules:
    nixpkgs.lib.nixosSystem {
      modules = [
        self.nixosModules.default
        self.nixosModules.leak-test
        ../../templates/default/configuration.nix
      ]
      ++ modules;
    };
in
{
  modules = builtins.attrNames self.nixosModules;
  packages = builtins.mapAttrs (_: builtins.mapAttrs (_: p: p.meta.mainProgram)) self.packages;
  tests = builtins.mapAttrs (
    _: builtins.mapAttrs (_: p: builtins.mapAttrs (_: test: test.name) p.tests)
  ) self.packages;
  checks = builtins.mapAttrs (_: builtins.attrNames) self.checks;
  # The attacked node and the script of the test `leaks`.
  leaks =
    let
      inherit (self.checks.x86_64-linux.leaks.config) testScriptString nodes;
    in
    {
      script = testScriptString;
      probe = nodes.client.systemd.units."nsguard-probe-user.service".text;
      control = nodes.client.systemd.units."nsguard-control-user.service".text;
      tunnel = nodes.client.nsguard.tunnels.lab.configFile;
      qemu = nodes.client.virtualisation.qemu.options;
    };
  # The test that docs/testing.md shows, and one whose machine lacks nsguard.
  shown =
    let
      inherit
        (import ../../docs/snippets/leak-test.nix {
          nsguard = self;
          inherit pkgs;
        })
        config
        ;
    in
    {
      script = config.testScriptString;
      probe = config.nodes.client.systemd.units."nsguard-probe-user.service".text;
    };
  unguarded =
    (self.lib.makeLeakTest { inherit pkgs; })
    .config.nodes.client.systemd.units."nsguard-probe-user.service".text;
  # For each other test its script, and one unit of the node that it starts.
  scripts =
    let
      of = test: unit: {
        script = test.config.testScriptString;
        unit = test.config.nodes.client.systemd.units.${unit}.text;
      };
      tests = self.checks.x86_64-linux;
    in
    lib.mapAttrs (_: test: of test "app.service") (
      lib.filterAttrs (name: _: lib.hasPrefix "units-" name) tests
    )
    // {
      planted-namespace-alone = of tests.planted-namespace-alone.test "nsguard-probe-user.service";
    };
  # The check of a flake made from the template.
  template =
    let
      test = self.checks.x86_64-linux.template;
      units = test.host.config.systemd.units;
    in
    {
      script = test.config.testScriptString;
      service = units."prowlarr.service".text;
      probe = units."nsguard-probe-root.service".text;
      tunnels = test.host.config.nsguard.tunnels;
      vm = test.config.nodes.client.system.build.vm == test.host.config.system.build.vm;
    };
  # What is said of a host that has the test's module alone.
  alone =
    (nixpkgs.lib.nixosSystem { modules = [ self.nixosModules.leak-test ]; })
    .config.nsguard.tests.problems;
  # What is said of misspelt names in the options of a test.
  misspelt =
    let
      tested = host [
        self.nixosModules.leak-test-agents
        {
          nsguard.tests = {
            namespace = "vnp";
            services = [ "certainly-not" ];
          };
          nsguard.agents = {
            enable = true;
            library = "/stand-in";
            services = [
              "prowlar"
              "prowlarr"
            ];
          };
        }
      ];
    in
    tested.config.nsguard.tests.problems
    ++ map (it: it.message) (lib.filter (it: !it.assertion) tested.config.assertions);
  # The hosts of ../hosts.nix under their leak test: the messages of NixOS that a host by itself does not have, and what
  # the test leaves of the host's network.
  hosts = lib.mapAttrs (
    _: module:
    let
      own = (host [ module ]).config;
      test = own.system.build.leakTest;
      inherit (test.host) config;
      everything = {
        units = lib.mapAttrs (_: unit: unit.text) config.systemd.units;
        etc = lib.mapAttrs (_: file: file.target) config.environment.etc;
        inherit (config.boot) kernelParams;
        inherit (config.virtualisation.qemu) options;
        vm = test.config.nodes.client.system.build.vm.outPath;
      };
    in
    {
      problems = map (it: it.message) (lib.filter (it: !it.assertion) config.assertions);
      warnings = lib.subtractLists own.warnings config.warnings;
      interfaces = lib.attrNames config.networking.interfaces;
      inherit (config.networking) nameservers defaultGateway;
      firewall = config.networking.firewall.enable;
      writableStore = config.virtualisation.writableStore;
      seconds = test.config.globalTimeout;
      tunnelFiles = config.environment.etc.nsguard-lab.source or null;
      namespaces = lib.mapAttrs (
        _: namespace: config.nsguard.tunnels.${namespace.tunnel}.configFile
      ) config.nsguard.namespaces;
      script = test.config.testScriptString;
      whole = builtins.deepSeq everything true;
    }
  ) (import ../hosts.nix { inherit lib; });
  others = builtins.mapAttrs (_: builtins.typeOf) (self.formatter // self.devShells);
}
