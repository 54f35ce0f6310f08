{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  inherit (import ./plan/defaults.nix) service;
  inherit (import ./plan/combine.nix) words;
  loosenings = import ./plan/confinement/loosenings.nix;
  started = import ./plan/confinement/started.nix;
  whyNoOwnProcesses = import ./plan/confinement/own-processes.nix;
  cfg = config.nsguard;

  listed = lib.concatMapStringsSep ", " (name: "`${name}`");

  loosening =
    serviceConfig: name:
    { what, attacks, ... }:
    mkOption {
      type = types.bool;
      default =
        if name == "ownProcesses" then
          whyNoOwnProcesses serviceConfig == null
        else
          service.hardening.${name};
      defaultText =
        if name == "ownProcesses" then
          lib.literalMD "`true`, unless systemd cannot run the service so: with `DynamicUser` and directories, or `KillMode` `mixed` or `process`"
        else
          lib.literalExpression "true";
      example = false;
      description = ''
        ${what}

        Risk of `false`: ${
          if lib.length attacks == 1 then
            "the attack ${listed attacks} of `nsguard-leaktest list` succeeds"
          else
            "the attacks ${listed attacks} of `nsguard-leaktest list` succeed"
        }.
      '';
    };

  optionsOf = serviceConfig: {
    namespace = mkOption {
      type = types.nullOr types.str;
      default = service.namespace;
      example = "vpn";
      description = ''
        Name of the namespace that confines this service, one of {option}`nsguard.namespaces`. The service's packets
        leave by that namespace's tunnel or not at all, and the tunnel's resolver looks up its names. Sockets of the
        host's daemons, which would act for the service outside the namespace, are hidden.

        The confinement is applied to the finished service. It overrides what any module sets for the same
        properties, unless the module is stricter. Sockets on which systemd listens for the service
        ({option}`systemd.sockets`) are created in the namespace as well, so the host cannot reach them.

        Risk: directories that the service shares with unconfined programs remain a way out for a malicious service:
        another program may run what it writes there.
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
        Capabilities (capabilities(7)) that the service keeps, within a user namespace of its own. A service that
        owns files of several users needs some. A daemon that starts as root and becomes another user needs
        CAP_SETUID, CAP_SETGID, and systemd 258: earlier versions deny setgroups(2) in such a namespace.

        Risk: none of them has an effect on the network. CAP_DAC_OVERRIDE, CAP_CHOWN, CAP_FOWNER and CAP_SETUID open
        every user's files to the service. CAP_SETGID opens the files of every group, because the service may take
        any group as its own. Some of these files are run outside the confinement. So the homes of all accounts are
        hidden from a service with one of these capabilities or CAP_DAC_READ_SEARCH, wherever they lie, except paths
        that its unit names.
      '';
    };

    bindPaths = mkOption {
      type = types.listOf types.str;
      default = service.bindPaths;
      example = [ "/home/alice/Music" ];
      description = ''
        Files and directories of the host that the service can see, and write if its user may, in the `/run`, `/tmp`
        and home directories that are otherwise its own. `"/path:/path/inside"` shows one at another path. They must
        exist. Paths that lead to daemons of the host are refused, and so are the system's directories and whole
        home directories.

        Risk: programs outside may act on what the service writes there, and the service can use sockets in them. What
        it writes to `~/.ssh`, `~/.config` and the like, a login may start.
      '';
    };

    devices = mkOption {
      type = types.listOf types.str;
      default = service.devices;
      example = [ "/dev/dri" ];
      description = ''
        Devices, or directories of devices, that the service may use; a graphics card is `/dev/dri`. The service's
        user must be in the group that owns them (`serviceConfig.SupplementaryGroups`). Otherwise the service has
        only the devices that every program needs. Disks, memory, processors and the kernel's log are refused
        by their usual names.

        Risk: the service can attack the device's driver in the kernel, and whatever the device is connected to.
        With a device that leads to a network, such as a modem or `/dev/net/tun`, the attack `device-nodes` of
        `nsguard-leaktest list` succeeds. With one of `/dev/input`, the service sees what users type, and with
        `/dev/uinput` it can type in their place. Such devices cause a warning, but for serial ones: a modem may be
        `/dev/ttyUSB0`.
      '';
    };

    dbus.system = import ./bus.nix { inherit lib; } {
      who = "service";
      at = "systemd.services.<name>.nsguard";
      kind = "system";
      default = service.dbus.system;
      example = [ "org.freedesktop.hostname1" ];
    };

    hardening = lib.mapAttrs (loosening serviceConfig) loosenings;

    waitForHandshake = mkOption {
      type = types.nullOr (types.ints.between 1 3600);
      default = service.waitForHandshake;
      example = 30;
      description = ''
        Seconds for which a start of the service waits until the tunnel is up and one of its peers answers. If none
        answers in time, the start fails and `nsguard-handshake-NAME@SECONDS.service` says why.
        `nsguard-late-NAME@SERVICE.service` then waits without a limit and starts the service when a peer answers;
        stopping the service stops this too. By default the service starts as soon as the tunnel is set up, and its
        connections wait until a peer answers.

        Risk: none for what leaves the host. The service is down while no peer answers.
      '';
    };

    allowPrivilegedCommands = mkOption {
      type = types.bool;
      default = service.allowPrivilegedCommands;
      example = true;
      description = ''
        Whether to accept commands with the prefix `+` or `!` in this service. Some NixOS modules use them to
        prepare files. systemd runs such commands as root and without the private `/run` (systemd.service(5)).

        Risk: such a command is in the network namespace but sees the host's sockets, so the names that it looks up
        go out in clear text by the host's resolver.
      '';
    };
  };

  # Nested options, not one of a submodule type: a priority on the set, as of mkDefault, would take `namespace` away without
  # a word where another module sets one more option.
  extension = { config, ... }: { options.nsguard = optionsOf config.serviceConfig; };

  inNamespaces = lib.filterAttrs (_: s: s.nsguard.namespace != null) config.systemd.services;

  # The services that a socket starts.
  named = name: socket: started name socket.socketConfig;
  claiming =
    name:
    lib.filter (
      service:
      lib.elem "${name}.socket" (
        words (inNamespaces.${service}.nsguard.own.serviceConfig.Sockets or null)
      )
    ) (lib.attrNames inNamespaces);

  # NixOS masks disabled ones.
  socketsOf =
    service:
    lib.filterAttrs (
      name: socket: socket.enable && lib.elem service (named name socket ++ claiming name)
    ) config.systemd.sockets;

  inNamespaceOf =
    service: socket:
    cfg.plan.confineSocket {
      inherit (inNamespaces.${service}.nsguard) namespace;
      inherit (socket) unitConfig socketConfig;
    };

  # A service claims a socket in its own settings, and its commands may read that socket. So the keys of the result do
  # not depend on claims: what confinement may add is always there, as an empty list (no line) if nothing claims it.
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

  # Paths that systemd creates for other things than services: tmpfiles.d(5), systemd.socket(5).
  madeOtherwise =
    lib.concatMap (rule: lib.sublist 1 1 (words rule)) config.systemd.tmpfiles.rules
    ++ lib.concatMap lib.attrNames (lib.attrValues config.systemd.tmpfiles.settings)
    ++ lib.concatMap (socket: lib.filter (lib.hasPrefix "/") socket.listenStreams) (
      lib.attrValues config.systemd.sockets
    );

  # The template of an instance, if the configuration defines it.
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

  # The parts of a service that name files for its commands, and the shell text of these commands.
  textsOf = name: s: {
    inherit (s) environment;
    backup = backups.${name} or null;
    scripts = [
      s.preStart
      s.script
      s.postStart
      s.reload
      s.preStop
      s.postStop
    ]
    ++ backups.${name}.named or [ ];
  };
  backups = import ./backups.nix { inherit config lib; };

  systemdVersion = lib.toIntBase10 (lib.versions.major config.systemd.package.version);

  # A service as the rest of the configuration defines it, before confinement.
  described =
    name: s:
    removeAttrs s.nsguard [ "own" ]
    // s.nsguard.own
    // textsOf name s
    // {
      owners = ownersOf name s;
      packaged = s.overrideStrategy == "asDropin";
      inherit (s) after;
      inherit systemdVersion;
      template = templateOf name;
      sockets = lib.mapAttrs (_: describedSocket) (socketsOf name);
      container = lib.elem name containers || builtins.match "(container|systemd-nspawn)@.*" name != null;
    };

  confined =
    services: name: s:
    let
      own = { inherit (s) unitConfig serviceConfig; };
      service = s.nsguard // own // textsOf name s;
    in
    s
    // cfg.plan.confineService name (
      service
      // {
        owners = cfg.plan.ownersOf { inherit services name service; };
        homes = cfg.plan.homesOf cfg.specification.accounts "${name}.service" service;
        uid = cfg.plan.uidOf cfg.specification.accounts s.serviceConfig;
        packaged = s.overrideStrategy == "asDropin";
        inherit systemdVersion;
        sockets = socketsOf name;
        wantedBy = s.wantedBy ++ s.requiredBy;
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
    # Applied to the finished service, so that no override in another module can silently remove a protection.
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

  # The option exists so that its use gets a message with the reason and the remedy.
  options.systemd.user.services = mkOption {
    type = types.attrsOf (
      types.submodule {
        options.nsguard = mkOption {
          type = types.raw;
          default = null;
          internal = true;
          description = "Refused: user services cannot be confined.";
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
          joined = lib.toList (s.unitConfig.JoinsNamespaceOf or [ ]) != [ ];
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
