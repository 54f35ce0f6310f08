{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  inherit (import ./plan/defaults.nix) service;
  cfg = config.nsguard;

  extension = {
    options.nsguard = {
      namespace = mkOption {
        type = types.nullOr types.str;
        default = service.namespace;
        example = "vpn";
        description = ''
          Name of the namespace, one of {option}`nsguard.namespaces`, that this service is confined to. Its packets
          leave by that namespace's tunnel or not at all, its look-ups of names go to the tunnel's resolver, and the
          sockets of the host's daemons, which would work for it outside the namespace, are hidden from it.

          The confinement is laid over the finished service and outweighs what any module says of the same
          properties, unless the module is stricter.

          Risk: directories in common with unconfined programs remain a way out for a service that is out to get
          out: what it writes there, another may run.
        '';
      };

      capabilities = mkOption {
        type = types.listOf types.str;
        default = service.capabilities;
        example = [
          "CAP_CHOWN"
          "CAP_SETUID"
          "CAP_SETGID"
        ];
        description = ''
          Capabilities (capabilities(7)) that the service keeps, within a user namespace of its own, as a service
          needs that owns files of several users.

          Risk: none of them counts for the network, but CAP_DAC_OVERRIDE, CAP_CHOWN, CAP_FOWNER and CAP_SETUID open
          every user's files to the service, of which some are run outside the confinement.
        '';
      };

      waitForHandshake = mkOption {
        type = types.nullOr (types.ints.between 1 3600);
        default = service.waitForHandshake;
        example = 30;
        description = ''
          Seconds to wait, before the service starts, for the tunnel to be up and a peer of it to answer. Where none
          does, the service is not started, and `nsguard-handshake-NAME@SECONDS.service` says why. By default it starts
          when the tunnel has been set up, answered or not, and stalls until it is.

          Risk: the service stays down, until it is started again, when the peer answers later than that.
        '';
      };

      allowPrivilegedCommands = mkOption {
        type = types.bool;
        default = service.allowPrivilegedCommands;
        example = true;
        description = ''
          Whether to accept commands with the prefix `+` or `!` in this service, as some NixOS modules use to prepare
          files. systemd.service(5) runs these as root and without the private `/run`.

          Risk: such a command is in the network namespace but sees the host's sockets, so that a look-up of a name in
          it goes out in clear by the host's resolver.
        '';
      };
    };
  };

  # A service as the rest of the configuration has it, before confinement.
  described =
    name: s:
    removeAttrs s.nsguard [ "own" ]
    // s.nsguard.own
    // {
      packaged = s.overrideStrategy == "asDropin";
      sockets = lib.attrNames (
        lib.filterAttrs (
          socket: c: c.socketConfig.Service or "${socket}.service" == "${name}.service"
        ) config.systemd.sockets
      );
    };

  confined =
    s:
    let
      own = { inherit (s) unitConfig serviceConfig; };
    in
    s // cfg.plan.confine (s.nsguard // own) // { nsguard = s.nsguard // { inherit own; }; };
in
{
  options.systemd.services = mkOption {
    type = types.attrsOf (types.submodule extension);
    # Applied to the finished service, so that no override in another module can take a protection away unseen.
    apply = lib.mapAttrs (_: s: if s.nsguard.namespace == null then s else confined s);
  };

  config.nsguard.specification.services = lib.mapAttrs described (
    lib.filterAttrs (_: s: s.nsguard.namespace != null) config.systemd.services
  );
}
