# `config.system.build.leakTest`: the host's own configuration under attack, in virtual machines.
{ makeLeakTest }:
{
  config,
  extendModules,
  lib,
  options,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.nsguard.tests;
  namespaces = lib.attrNames config.nsguard.namespaces;
  inherit (import ./plan/problems/problem.nix) messages orMeant unknown;

  tested = config.nsguard.namespaces.${cfg.namespace}.tunnel;

  # The host's configuration without what a virtual machine lacks, and with the lab's tunnel in place of the real one.
  stubbed = {
    imports = cfg.stub;
    # The file of every other tunnel never appears, so its namespace stays closed.
    nsguard.tunnels = lib.mkForce (
      lib.mapAttrs (tunnel: _: {
        configFile = "/etc/nsguard-lab/${if tunnel == tested then "client" else "absent/${tunnel}"}.conf";
      }) config.nsguard.tunnels
    );
    nsguard.namespaces = lib.mkForce (
      lib.mapAttrs (_: namespace: { inherit (namespace) tunnel; }) config.nsguard.namespaces
    );
  };
in
{
  _class = "nixos";
  options.nsguard.tests = {
    namespace = mkOption {
      type = types.str;
      default = lib.head (namespaces ++ [ "vpn" ]);
      defaultText = lib.literalMD "the first of {option}`nsguard.namespaces`";
      example = "vpn";
      description = ''
        Namespace to test. The other namespaces have no tunnel in the test, and stay closed.

        Risk: what is not tested may leak.
      '';
    };

    services = mkOption {
      type = types.listOf types.str;
      default = lib.attrNames (
        lib.filterAttrs (_: service: service.nsguard.namespace == cfg.namespace) config.systemd.services
      );
      defaultText = lib.literalMD "those that are confined to the namespace";
      example = [ "prowlarr" ];
      description = ''
        Services that the attacker replaces. It attacks with everything else that such a service has: its user, its
        paths, and the options that loosen its confinement. The test starts each of them, also one that a timer or a
        socket starts, and an instance of a template (`backup@`).

        Risk: a service that is left out may have a way out of its own.
      '';
    };

    attacks = mkOption {
      type = types.str;
      default = "*";
      example = "dns-*";
      description = ''
        Which attacks to run, as a glob over their names. `nsguard-leaktest list` shows them.

        Risk: a way out that no attack tries stays unknown.
      '';
    };

    quick = mkOption {
      type = types.bool;
      default = true;
      example = false;
      description = ''
        Whether to run the core set only, with the tunnel up.

        Risk: only the whole suite tries the other states of the tunnel.
      '';
    };

    globalTimeout = mkOption {
      type = types.ints.positive;
      default = 3600;
      example = 14400;
      description = ''
        Seconds after which the whole test ends with an error, as for any NixOS test. Without KVM, the core set with one
        replaced service takes half an hour on two processors, and the whole suite hours.

        Risk: none.
      '';
    };

    probes = mkOption {
      type = types.lines;
      default = "";
      example = ''
        lab.client.fail("nsenter --net=/run/netns/vpn ping -c1 198.51.100.1")
      '';
      description = ''
        Python code to run after the attacks. `lab.client` and `lab.server` have those methods of the NixOS test
        driver's machines that concern commands, files and units.

        Risk: none for the host; the code runs in the test.
      '';
    };

    stub = mkOption {
      type = types.listOf types.deferredModule;
      default = [ ];
      example = lib.literalExpression "[ { hardware.graphics.enable = lib.mkForce false; } ]";
      description = ''
        Modules to apply on top of the host's configuration in the test: they remove hardware that a virtual machine
        does not have, and put worthless keys in place of secrets. The tested tunnel always leads to the lab's server.

        Risk: what they change is tested as changed.
      '';
    };
  };

  # Not among the assertions: a misspelt test makes the host itself no less confined.
  options.nsguard.tests.problems = mkOption {
    type = types.listOf types.str;
    internal = true;
    readOnly = true;
    default = messages (
      if !(options.nsguard ? namespaces) then
        [
          {
            where = "nsguard.nixosModules.leak-test";
            what = "nsguard confines nothing on this host";
            fix = "import nsguard.nixosModules.default as well, or use nsguard.lib.makeLeakTest for another guard";
          }
        ]
      else
        [
          (unknown "nsguard.tests.namespace" "namespace" "nsguard.namespaces" config.nsguard.namespaces
            cfg.namespace
          )
        ]
        ++ map (name: {
          when = !config.systemd.services ? ${name};
          where = "nsguard.tests.services";
          what = "nothing defines the service ${builtins.toJSON name}";
          fix = orMeant name (lib.attrNames config.systemd.services) "remove it";
        }) cfg.services
    );
    description = "Names in these options that nothing defines.";
  };

  config.system.build.leakTest =
    lib.throwIf (cfg.problems != [ ]) (lib.concatLines cfg.problems)
      (makeLeakTest {
        inherit pkgs;
        inherit (cfg)
          namespace
          services
          attacks
          quick
          globalTimeout
          probes
          ;
        name = "leak-test-${config.networking.hostName}";
        extend = extendModules;
        modules = [ stubbed ];
      });
}
