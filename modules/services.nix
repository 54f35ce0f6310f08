{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  inherit (import ./plan/defaults.nix) service;
  inherit (import ./plan/combine.nix) words;
  loosenings = import ./plan/confinement/loosenings.nix;
  cfg = config.nsguard;

  listed = lib.concatMapStringsSep ", " (name: "`${name}`");

  loosening =
    name:
    { what, attacks, ... }:
    mkOption {
      type = types.bool;
      default = service.hardening.${name};
      example = false;
      description = ''
        ${what}

        Risk of `false`: ${
          if lib.length attacks == 1 then "the attack" else "the attacks"
        } ${listed attacks} of `nsguard-leaktest list` ${
          if lib.length attacks == 1 then "succeeds" else "succeed"
        } then.
      '';
    };

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
          properties, unless the module is stricter. Sockets that systemd listens on for it ({option}`systemd.sockets`)
          are made in the namespace as well, and so are out of the host's reach.

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

      bindPaths = mkOption {
        type = types.listOf types.str;
        default = service.bindPaths;
        example = [ "/home/alice/Music" ];
        description = ''
          Files and directories of the host that the service sees, and may write where its user may, in the `/run`, `/tmp`
          and home directories that are otherwise its own; `"/path:/path/inside"` shows one under another path. They
          must exist. Those by which daemons of the host are reached are refused, and so are the system's and whole
          home directories.

          Risk: what the service writes there, programs outside may act on, and a socket in them works for it.
        '';
      };

      devices = mkOption {
        type = types.listOf types.str;
        default = service.devices;
        example = [ "/dev/dri" ];
        description = ''
          Devices, or directories of them, that the service may use; a graphics card is `/dev/dri`. Its user must be in the
          group that owns them (`serviceConfig.SupplementaryGroups`). It has none but those that every program needs.

          Risk: a device's driver in the kernel, and what is at its other end. With one that leads to a network, such as a
          modem or `/dev/net/tun`, the attack `device-nodes` of `nsguard-leaktest list` succeeds.
        '';
      };

      dbus.system = import ./bus.nix { inherit lib; } {
        who = "service";
        at = "systemd.services.<name>.nsguard";
        kind = "system";
        default = service.dbus.system;
        example = [ "org.freedesktop.hostname1" ];
      };

      hardening = lib.mapAttrs loosening loosenings;

      waitForHandshake = mkOption {
        type = types.nullOr (types.ints.between 1 3600);
        default = service.waitForHandshake;
        example = 30;
        description = ''
          Seconds for which a start of the service waits until the tunnel is up and one of its peers answers. If none does,
          that start fails and `nsguard-handshake-NAME@SECONDS.service` says why. Then
          `nsguard-late-NAME@SERVICE.service` waits on, without a limit, and starts the service when a peer answers;
          stopping the service ends that as well. By default the service starts as soon as the tunnel is set up, and its
          connections wait until a peer answers.

          Risk: none for what leaves the host. The service is down for as long as no peer answers.
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

  inNamespaces = lib.filterAttrs (_: s: s.nsguard.namespace != null) config.systemd.services;

  # The services that a socket is for (systemd.socket(5)): one, or one for each connection, or those that say so.
  named =
    name: socket:
    map (lib.removeSuffix ".service") (
      lib.toList (
        socket.socketConfig.Service or [
          name
          "${name}@"
        ]
      )
    );
  claiming =
    name:
    lib.filter (
      service:
      lib.elem "${name}.socket" (
        words (inNamespaces.${service}.nsguard.own.serviceConfig.Sockets or null)
      )
    ) (lib.attrNames inNamespaces);

  socketsOf =
    service:
    lib.filterAttrs (
      name: socket: lib.elem service (named name socket ++ claiming name)
    ) config.systemd.sockets;

  inNamespaceOf =
    service: socket:
    cfg.plan.confineSocket {
      inherit (inNamespaces.${service}.nsguard) namespace;
      inherit (socket) unitConfig socketConfig;
    };

  # Whether a service claims a socket is known when that service's commands are, and these may read the socket. So what it
  # listens on is told first, and of what the confinement adds only that it may be there: an empty list is no line.
  claimedSocket =
    name: socket:
    let
      claimers = claiming name;
      confined = inNamespaceOf (lib.head claimers) socket;
      shape = cfg.plan.confineSocket {
        namespace = "";
        inherit (socket) unitConfig socketConfig;
      };
      section =
        part:
        lib.mapAttrs (
          key: _: if claimers == [ ] then socket.${part}.${key} or [ ] else confined.${part}.${key} or [ ]
        ) (socket.${part} // shape.${part});
    in
    socket
    // {
      unitConfig = section "unitConfig";
      socketConfig = section "socketConfig";
    };

  describedSocket = socket: {
    inherit (socket) unitConfig;
    socketConfig = socket.socketConfig // {
      ListenStream = socket.listenStreams ++ lib.toList (socket.socketConfig.ListenStream or [ ]);
      ListenDatagram = socket.listenDatagrams ++ lib.toList (socket.socketConfig.ListenDatagram or [ ]);
    };
  };

  engine = config.virtualisation.oci-containers.backend or "";
  containers = lib.mapAttrsToList (name: c: c.serviceName or "${engine}-${name}") (
    config.virtualisation.oci-containers.containers or { }
  );

  # Where systemd makes something by another word than a service's: tmpfiles.d(5), systemd.socket(5).
  madeOtherwise =
    lib.concatMap (rule: lib.sublist 1 1 (words rule)) config.systemd.tmpfiles.rules
    ++ lib.concatMap lib.attrNames (lib.attrValues config.systemd.tmpfiles.settings)
    ++ lib.concatMap (socket: lib.filter (lib.hasPrefix "/") socket.listenStreams) (
      lib.attrValues config.systemd.sockets
    );

  # The template of an instance, where the configuration has it.
  templateOf =
    name:
    let
      parts = builtins.match "([^@]+@).+" name;
    in
    if parts != null && config.systemd.services ? ${lib.head parts} then lib.head parts else null;

  ownersOf =
    name: s:
    cfg.plan.ownersOf {
      services = config.systemd.services;
      inherit name;
      service = s.nsguard // s.nsguard.own;
    };

  # A service as the rest of the configuration has it, before confinement.
  described =
    name: s:
    removeAttrs s.nsguard [ "own" ]
    // s.nsguard.own
    // {
      owners = ownersOf name s;
      packaged = s.overrideStrategy == "asDropin";
      inherit (s) after environment;
      # What the configuration has its commands do, where it is a text.
      scripts = [
        s.preStart
        s.script
        s.postStart
        s.reload
        s.preStop
        s.postStop
      ];
      systemdVersion = lib.toIntBase10 (lib.versions.major config.systemd.package.version);
      template = templateOf name;
      sockets = lib.mapAttrs (_: describedSocket) (socketsOf name);
      container = lib.elem name containers || builtins.match "(container|systemd-nspawn)@.*" name != null;
    };

  confined =
    services: name: s:
    let
      own = { inherit (s) unitConfig serviceConfig; };
      service = s.nsguard // own;
    in
    s
    // cfg.plan.confineService name (
      service
      // {
        owners = cfg.plan.ownersOf { inherit services name service; };
        homes = cfg.plan.homesOf cfg.specification.accounts s.serviceConfig;
        packaged = s.overrideStrategy == "asDropin";
        sockets = socketsOf name;
      }
    )
    // {
      nsguard = s.nsguard // {
        inherit own;
      };
    };
in
{
  options.systemd.services = mkOption {
    type = types.attrsOf (types.submodule extension);
    # Applied to the finished service, so that no override in another module can take a protection away unseen.
    apply =
      services:
      lib.mapAttrs (
        name: s: if s.nsguard.namespace == null then s else confined services name s
      ) services;
  };

  options.systemd.sockets = mkOption {
    apply = lib.mapAttrs (
      name: socket:
      let
        confined = lib.filter (service: inNamespaces ? ${service}) (named name socket);
      in
      if inNamespaces == { } then
        socket
      else if confined == [ ] then
        claimedSocket name socket
      else
        socket // inNamespaceOf (lib.head confined) socket
    );
  };

  # So that whoever sets it is told why not, and what instead.
  options.systemd.user.services = mkOption {
    type = types.attrsOf (
      types.submodule {
        options.nsguard = mkOption {
          type = types.raw;
          default = null;
          internal = true;
          description = "Not for a user's services.";
        };
      }
    );
  };

  config.nsguard.warnings = lib.concatMap (
    name:
    cfg.plan.boundWarnings {
      inherit name madeOtherwise;
      service = inNamespaces.${name}.nsguard.own;
      inherit (ownersOf name inNamespaces.${name}) unowned;
    }
  ) (lib.attrNames inNamespaces);

  config.nsguard.specification = {
    services = lib.mapAttrs described inNamespaces;
    instances =
      lib.mapAttrs
        (name: s: {
          template = templateOf name;
          properties = lib.attrNames s.serviceConfig;
        })
        (
          lib.filterAttrs (
            name: s: s.nsguard.namespace == null && inNamespaces ? ${toString (templateOf name)}
          ) config.systemd.services
        );
    userServices = lib.attrNames (
      lib.filterAttrs (_: s: s.nsguard != null) config.systemd.user.services
    );
  };
}
