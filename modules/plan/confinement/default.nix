# What makes a service confined: properties of its unit, one record for each protection.
#
# A network namespace holds packets and nothing else; sockets with a path, buses, descriptors and
# kernel up-calls walk round it. Each record says what it keeps shut, and has a name, so that a test can
# take it away and see the leak. systemd.exec(5) defines the properties; two of them need systemd 257.
{
  tools,
  names,
  without,
}:
let
  inherit (builtins)
    attrNames
    attrValues
    concatMap
    concatStringsSep
    filter
    mapAttrs
    ;
  inherit (import ../protections.nix { inherit without; }) listed;
  hidden = import ./hidden.nix;
  binds = import ./binds.nix;
  state = import ./state.nix;
  front = import ./front.nix { inherit tools; };
  accounts = import ./accounts.nix { inherit names; };
  notifyOf = import ./notify.nix { inherit names; };
  letIn = import ./let-in.nix { inherit accounts names; };
  dependencies = import ./dependencies.nix { inherit names without; };
  inherit (import ../combine.nix)
    append
    atLeast
    callable
    isRoot
    set
    within
    words
    yes
    ;

  loosenings = import ./loosenings.nix;
  homesElsewhere = import ./homes.nix;
  noHomes = homesElsewhere.homesOf { } { };

  # name -> { guards; own, of the unit as it is before anything is let in, and properties = { Property = own value -> value; }; front = [ option of nsguard-init ]; }
  # and where the protection is a list of several things
  # name -> { guards; parts = part -> { guards; words; }; properties = words -> { Property = …; }; }
  protectionsOf =
    {
      namespace,
      capabilities,
      asRoot,
      nests,
      homes,
      service,
    }:
    let
      inherit (service) serviceConfig;
      notify = notifyOf serviceConfig;
      first = import ./process-one.nix serviceConfig;
    in
    import ./kernel.nix { inherit nests; }
    // {
      network-namespace = {
        guards = "every packet: in the namespace there is the tunnel or nothing";
        besides = [ "property:namespace-check" ];
        properties = {
          NetworkNamespacePath = set (names.netns namespace);
          PrivateNetwork = set null;
        };
      };

      namespace-check = {
        guards = "against systemd going on in the host's namespace where it may not enter the other (systemd issue 29429)";
        # In front of every command that the unit runs (./front.nix).
        front = [ "--netns=${namespace}" ];
        properties = { };
      };

      journal-connection = {
        guards = "the host's addresses, which a socket that was made outside tells whoever holds it";
        front = [ "--journal" ];
        # nginx of nixpkgs denies @ipc, which pipes are part of.
        properties.SystemCallFilter = callable "pipe2";
      };

      notify-relay = {
        guards = "what a service makes systemd do by a message: stop another's process, wait for ever, keep descriptors";
        front = if notify.needed then [ "--notify=${notify.senders}" ] else [ ];
        properties = notify.keepingNothing // (if notify.needed then notify.relayed else { });
      };

      own-binds = {
        guards = "what is hidden, from a bind of the unit's own that would show it again: /run, %t, /proc, /dev/shm";
        # Before anything is let in (./let-in.nix).
        own = binds.properties service;
        properties = { };
      };

      private-run = {
        guards = "sockets of the host's daemons: D-Bus, systemd, resolved, nscd, avahi, cups, container engines";
        # The parent is covered and never one path in it: the kernel detaches a mount whose mount point the host
        # removes or renames over, as it does when nscd.service restarts (mount_namespaces(7)).
        properties.TemporaryFileSystem = append [ "/run:mode=0755,nosuid,nodev" ];
      };

      resolver-files = {
        guards = "name look-ups that nsswitch.conf would hand to a daemon of the host";
        # An overlay over /etc stays when the host replaces a file in it; a bind over /etc/resolv.conf does not.
        properties.ExtensionDirectories = append [ (names.confext namespace serviceConfig) ];
      };

      # For a service that does without process numbers of its own, and runs as no member of root's group, which may see all
      # processes (proc(5), hidepid). In a user namespace of its own it may look into no process outside, so that this
      # hides them all. Beside own-processes it guards nothing more.
      hidden-processes.properties.ProtectProc = set "invisible";

      own-processes = {
        guards = "processes outside: what /proc shows of them; for those of the service's user signals, limits, priorities";
        # Process numbers of its own, of which nsguard-init is the first.
        inherit (first) front;
        properties = {
          PrivatePIDs = set true;
        }
        // first.properties;
      };

      private-users = {
        guards = "capabilities: what the service may hold never counts in the namespace that owns the network";
        besides = [
          "property:capability-bounds"
          "property:own-processes"
        ];
        # Every user keeps its number, so that the service can own files of several users. Those above 65535 are not
        # mapped so (systemd.exec(5), PrivateUsers=), and a service of one of them would not start (217).
        properties.PrivateUsers = atLeast [
          (yes ++ [ "self" ])
          [ "identity" ]
        ] (if service.uid or null != null && service.uid > 65535 then "self" else "identity");
      };

      private-tmp = {
        guards = "sockets in /tmp: X11, tmux, ssh agents, browsers that are already running outside";
        properties.PrivateTmp = atLeast [
          [ "disconnected" ]
          yes
        ] true;
      };

      private-devices = {
        guards = "modems, tun, vhost and vsock nodes";
        properties.PrivateDevices = set true;
      };

      own-terminals = {
        guards = "terminals of the host's users: what is shown there, and what is typed, passwords among it";
        # A devpts of the namespace's own. /dev/ptmx opens terminals of the one that lies beside it.
        properties.BindPaths = append [ (names.terminals namespace) ];
      };

      private-ipc = {
        guards = "message queues and shared memory of the host's processes";
        properties.PrivateIPC = set true;
      };

      private-shared-memory = {
        guards = "sockets and files in /dev/shm, which private devices have in common with the host";
        properties.TemporaryFileSystem = append [ "/dev/shm:mode=1777,nosuid,nodev" ];
      };

      no-new-privileges = {
        guards = "set-uid programs";
        properties.NoNewPrivileges = set true;
      };

      capability-bounds = {
        guards = "setns(2), packet sockets, new links, ptrace";
        besides = [
          "property:private-users"
          "property:own-processes"
        ];
        properties = {
          CapabilityBoundingSet = set (concatStringsSep " " capabilities);
          AmbientCapabilities = own: within' capabilities own;
        };
      };

      system-calls = {
        guards = "what a network namespace and a family filter do not hold, system call by system call";
        parts = {
          keyring = {
            guards = "name look-ups by kernel keys, which the kernel answers in the host's namespace (request_key(2))";
            words = [ "@keyring:EPERM" ];
          };
          io-uring = {
            guards = "sockets made past the family filter";
            words = [
              "io_uring_setup:EPERM"
              "io_uring_enter:EPERM"
              "io_uring_register:EPERM"
            ];
          };
        };
        properties = calls: { SystemCallFilter = append [ "~${concatStringsSep " " calls}" ]; };
      };

      native-calls = {
        guards = "32-bit system calls, which the family filter does not see";
        properties.SystemCallArchitectures = set "native";
      };

      address-families = {
        guards = "AF_VSOCK, AF_PACKET and whatever family a later kernel brings";
        properties.RestrictAddressFamilies = within [
          "AF_UNIX"
          "AF_INET"
          "AF_INET6"
          "AF_NETLINK"
        ];
      };

      hidden-paths = {
        guards = "what works for its clients, or looks up names, outside /run and /var";
        # Of what is there when the service starts. Nothing is made for it, so that the host may be read-only.
        parts = hidden;
        properties = paths: { InaccessiblePaths = append (map (path: "-${path}") paths); };
      };

      other-state = {
        guards = "other programs' state and logs: leases, access points, addresses, and sockets of daemons";
        # Hidden by kind, whatever keeps it. Both directories are on every host and are never removed, so that nothing
        # in them comes into sight later, either.
        properties = {
          TemporaryFileSystem = append (map (directory: "${directory}:ro") state.directories);
          BindPaths = append (state.own (service // { inherit homes; }));
          BindReadOnlyPaths = append [ "-/var/lib/acme" ];
        };
      };

      profiles = {
        guards = "the programs that a user's login finds first, in that user's Nix profile";
        properties.ReadOnlyPaths = append [ "-/nix/var" ];
      };

      read-only-system = {
        guards = "files that the host will run: units, cron tables, profiles";
        # Without a user of its own a service owns root's files, and need only write a cron table to get out.
        properties.ProtectSystem = atLeast [
          [ "strict" ]
          [ "full" ]
          yes
        ] (if asRoot then "strict" else "full");
      };

      hidden-homes = homesElsewhere.protection homes;
    };

  # An ambient capability outside the bounding set would keep the unit from starting.
  within' =
    capabilities: own: concatStringsSep " " (filter (c: builtins.elem c capabilities) (words own));

  unitConfig =
    {
      namespace,
      waitForHandshake ? null,
      requires ? [ ],
      owners ? {
        needs = [ ];
        wants = [ ];
      },
      ...
    }:
    let
      own = dependencies.directives "service" namespace;
      tunnel = [ (names.tunnelUnit namespace) ];
      # In a unit of its own: none in the confinement may ask WireGuard, and a command with a + sees its /run all the same.
      handshake =
        if waitForHandshake == null then
          [ ]
        else
          [ (names.handshakeUnit namespace (toString waitForHandshake)) ];
    in
    mapAttrs (_: append) (
      own
      // {
        Wants = tunnel ++ owners.wants;
        Requires = own.Requires or [ ] ++ handshake ++ requires ++ owners.needs;
        After = own.After or [ ] ++ tunnel ++ handshake ++ requires ++ owners.needs ++ owners.wants;
      }
    );

  applied =
    own: properties:
    let
      combined = own // mapAttrs (name: combine: combine (own.${name} or null)) properties;
    in
    removeAttrs combined (
      filter (name: !(properties.${name}.neverNull or false) && combined.${name} == null) (
        attrNames properties
      )
    );
  # The properties of a protection, with the parts of it that are kept.
  propertiesOf =
    kept: name: record:
    let
      parts = kept "property:${name}" record.parts;
    in
    if record ? ofParts then
      record.ofParts parts
    else if !builtins.isFunction record.properties then
      record.properties
    else if parts == { } then
      { }
    else
      record.properties (concatMap (part: part.words) (attrValues parts));
in
{
  # { namespace, capabilities, waitForHandshake, bindPaths, devices, hardening, unitConfig, serviceConfig }
  # -> { unitConfig, serviceConfig }
  # asRoot: whether what runs keeps root's user; nests: whether it may make sandboxes of its own (./kernel.nix);
  # loosened: names of protections that the user does without.
  confine =
    service:
    let
      asRoot = service.asRoot or (isRoot service.serviceConfig);
      protections = protectionsOf {
        inherit (service) namespace capabilities;
        inherit asRoot service;
        homes = service.homes or noHomes;
        nests = service.nests or false && !asRoot;
      };
      off = filter (name: !service.hardening.${name}) (attrNames (service.hardening or { }));
      loosened = service.loosened or [ ] ++ concatMap (name: loosenings.${name}.without) off;
      inherit
        (import ../protections.nix { without = without ++ map (name: "property:${name}") loosened; })
        kept
        ;
      wanted = kept "property" protections;
      options =
        concatMap (record: record.front or [ ]) (attrValues wanted) ++ accounts.front service.serviceConfig;
    in
    {
      unitConfig = applied service.unitConfig (unitConfig service);
      serviceConfig = builtins.foldl' applied service.serviceConfig (
        map (record: record.own or { }) (attrValues wanted)
        ++ [ (letIn service) ]
        ++ attrValues (mapAttrs (propertiesOf kept) wanted)
        ++ [ (if wanted ? notify-relay then { } else (notifyOf service.serviceConfig).direct) ]
        ++ [ (front.ofService options service.serviceConfig) ]
      );
    };

  # A socket keeps the network that it was made in: what systemd listens on for a service is made in the namespace.
  # { namespace, unitConfig, socketConfig } -> { unitConfig, socketConfig }
  confineSocket =
    {
      namespace,
      unitConfig,
      socketConfig,
    }:
    {
      unitConfig = applied unitConfig {
        BindsTo = append [ (names.netnsUnit namespace) ];
        # What sockets have by default, but for sockets.target, which comes before any service, and so the namespace.
        DefaultDependencies = set false;
        Requires = append [ "sysinit.target" ];
        After = append [
          "sysinit.target"
          (names.netnsUnit namespace)
        ];
        Conflicts = append [ "shutdown.target" ];
        Before = append [ "shutdown.target" ];
      };
      socketConfig = applied socketConfig (
        {
          NetworkNamespacePath = set (names.netns namespace);
          PrivateNetwork = set null;
        }
        // front.ofSocket [ "--netns=${namespace}" ]
      );
    };

  protections =
    listed "property" (protectionsOf {
      namespace = "";
      capabilities = [ ];
      asRoot = false;
      nests = false;
      homes = noHomes;
      service.serviceConfig = { };
    })
    // dependencies.protections;
}
