# Agents of the leak test in services of this host, whatever confines them. With them, any NixOS can be attacked.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  inherit (lib) mkForce mkOption types;
  inherit (import ./plan/problems/problem.nix) messages orMeant refusals;
  cfg = config.nsguard.agents;
  names = import ./plan/names.nix;
  python = lib.getExe pkgs.python3;
  account = "nsguard-attacker";
  home = "/var/${account}"; # neither below /home nor in /var/lib: attacks leave files there

  # The identities that the harness knows.
  identities = {
    root = { };
    user = {
      User = account;
      Group = account;
      # The directory does not exist. nsguard hides the home, as the attacks need it, and would warn if the unit named
      # no directory in it.
      ReadWritePaths = [ "-${home}/named" ];
    };
  };

  program = name: "${python} -m nsguard_harness.inside.agent /run/nsguard-agent-${name}/socket";

  agent = name: identity: {
    wantedBy = [ "multi-user.target" ];
    environment.PYTHONPATH = cfg.library;
    path = [ pkgs.wireguard-tools ];
    serviceConfig = {
      Type = "notify";
      ExecStart = program name;
      RuntimeDirectory = "nsguard-agent-${name}";
    }
    // identity;
  };

  # Replaces only the program of a service.
  replaced = name: {
    environment.PYTHONPATH = mkForce cfg.library;
    serviceConfig = {
      Type = mkForce "notify";
      ExecStart = mkForce (program name);
      RuntimeDirectory = [ "nsguard-agent-${name}" ];
    };
  };

  # For each identity a confined agent, and an unconfined one that shows that the attacks work.
  agents = lib.concatMapAttrs (
    who: identity:
    let
      confined = "nsguard-probe-${who}";
      free = "nsguard-control-${who}";
    in
    {
      ${confined} = lib.mkMerge [
        (agent confined identity)
        confine
      ];
      ${free} = agent free identity;
    }
  ) identities;

  # NixOS's own message would be that `nsguard` in systemd.services.nsguard-probe-root does not exist.
  confine = lib.throwIf (cfg.confine ? nsguard && !(options.nsguard ? namespaces)) (lib.head
    (messages [
      {
        where = "nsguard.agents.confine";
        what = "it sets options of nsguard, which this machine does not have";
        fix =
          "import nsguard.nixosModules.default, for makeLeakTest in its modules,"
          + " or set confine to what another guard has you write for a service";
      }
    ])
  ) cfg.confine;

  # One definition is that of this module.
  definesService =
    name: lib.count (services: services ? ${name}) options.systemd.services.definitions > 1;
in
{
  _class = "nixos";

  options.nsguard.agents = {
    enable = mkOption {
      type = types.bool;
      default = false;
      example = true;
      description = ''
        Whether this host runs agents of the leak test: programs that try, on request, every known way out of their
        service. The system is then a client for `nsguard-leaktest run --system`, whatever guard it has.

        Risk: root and an account `nsguard-attacker` run attacks outside any confinement. Use it only for systems that
        a lab starts.
      '';
    };

    confine = mkOption {
      type = types.raw;
      default = { };
      example = lib.literalExpression ''{ vpnConfinement = { enable = true; vpnNamespace = "vpn"; }; }'';
      description = ''
        Settings that confine a service under the tested guard. They are applied to `systemd.services.<name>` of the
        confined agents.

        Risk: a part of the guard that is left out here is not tested.
      '';
    };

    tunnelUnit = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "vpn";
      description = ''
        The service by which the guard makes its namespace and tunnel, without `.service`: attacks that disturb the
        tunnel restart it. `null` is for nsguard, whose own units they know. The namespace must be called `vpn`.

        Risk: what disturbs the tunnel is not tried where another unit is named.
      '';
    };

    services = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "prowlarr" ];
      description = ''
        Services that an agent replaces as well, with everything else that the service has.

        Risk: a service that is left out may have a way out of its own.
      '';
    };

    library = mkOption {
      type = types.path;
      default = "${pkgs.callPackage ../harness/package.nix { }}/${pkgs.python3.sitePackages}";
      defaultText = lib.literalMD "the directory of Python packages in `nsguard-harness`";
      example = "/nix/store/…-nsguard-harness/lib/python3.13/site-packages";
      description = ''
        The directory of Python packages that holds the agents' program, for `pkgs.python3`.

        Risk: root runs what is in it.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    # Otherwise the attacker would run in a service that only this module defines, without the guard.
    assertions = refusals (
      messages (
        map (name: {
          when = !definesService name;
          where = "nsguard.agents.services";
          what = "nothing defines the service ${builtins.toJSON name}";
          fix = orMeant name (lib.attrNames (removeAttrs config.systemd.services [ name ])) "remove it";
        }) cfg.services
      )
    );
    users.users.${account} = {
      isSystemUser = true;
      group = account;
      inherit home;
    };
    users.groups.${account} = { };
    # Not by createHome: systemd-sysusers makes no homes.
    systemd.tmpfiles.rules = [ "d ${home} 0700 ${account} ${account}" ];
    systemd.services = lib.mkMerge [
      agents
      (lib.genAttrs cfg.services replaced)
      (lib.mkIf (cfg.tunnelUnit != null) {
        ${cfg.tunnelUnit}.aliases = [
          (names.netnsUnit "vpn")
          (names.tunnelUnit "vpn")
        ];
      })
    ];
  };
}
