# `config.system.build.leakTest`: the host's own configuration under attack, in virtual machines.
{ makeLeakTest }:
{
  config,
  extendModules,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.nsguard.tests;
  namespaces = lib.attrNames config.nsguard.namespaces;

  tested = config.nsguard.namespaces.${cfg.namespace}.tunnel;

  # What a virtual machine cannot have of the host, and what must not come out of it.
  stubbed = {
    imports = cfg.stub;
    # The file of every other tunnel never comes, so that its namespace stays closed.
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
        The namespace that is tested. The other namespaces have no tunnel in the test, and stay closed.

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
        Services in whose place the attacker is put, with all that they are otherwise: users, paths, what they loosen.

        Risk: a service that is left out may have a way out of its own.
      '';
    };

    attacks = mkOption {
      type = types.str;
      default = "*";
      example = "dns-*";
      description = ''
        Which attacks to run, by a glob over their names; `nsguard-leaktest list` shows them.

        Risk: what is not tried is not shown.
      '';
    };

    quick = mkOption {
      type = types.bool;
      default = true;
      example = false;
      description = ''
        Whether to run the core set alone, with the tunnel up.

        Risk: the other states of the tunnel are tried by the whole suite only.
      '';
    };

    probes = mkOption {
      type = types.lines;
      default = "";
      example = ''
        lab.client.fail("nsenter --net=/run/netns/vpn ping -c1 198.51.100.1")
      '';
      description = ''
        Python, run after the attacks: `lab.client` and `lab.server` have the methods of the NixOS test driver's
        machines, in so far as they concern commands, files and units.

        Risk: none for the host; it runs in the test.
      '';
    };

    stub = mkOption {
      type = types.listOf types.deferredModule;
      default = [ ];
      example = lib.literalExpression "[ { hardware.graphics.enable = lib.mkForce false; } ]";
      description = ''
        Modules laid over the host's configuration in the test: without hardware that a virtual machine does not have,
        and with worthless keys in place of secrets. The tested tunnel is led to the lab's server in any case.

        Risk: what they change is tested as changed.
      '';
    };
  };

  config.system.build.leakTest = makeLeakTest {
    inherit pkgs;
    inherit (cfg)
      namespace
      services
      attacks
      quick
      probes
      ;
    name = "leak-test-${config.networking.hostName}";
    extend = extendModules;
    modules = [ stubbed ];
  };
}
