# What makes a service confined: properties of its unit, one record for each protection.
#
# A network namespace confines packets and nothing else: sockets with a path, buses, passed descriptors and upcalls of
# the kernel bypass it. Each record states what it guards, and has a name by which a test removes it to see the leak.
# systemd.exec(5) defines the properties; two of them need systemd 257.
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
  later = import ./later.nix;
  binds = import ./binds.nix;
  state = import ./state.nix;
  ownNames = import ./own-names.nix;
  front = import ./front.nix { inherit tools; };
  accounts = import ./accounts.nix { inherit names; };
  notifyOf = import ./notify.nix { inherit names; };
  letIn = import ./let-in.nix { inherit accounts names; };
  dependencies = import ./dependencies.nix { inherit names without; };
  unitConfig = import ./unit-config.nix { inherit dependencies names; };
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
  noHomes = homesElsewhere.homesOf { } "" { serviceConfig = { }; };

  # name -> {
  #   guards = text;
  #   own = { Property = the unit's value -> value; };        applied before ./let-in.nix lets anything in
  #   properties = { Property = the unit's value -> value; }; applied after it
  #   front = [ option of nsguard-init ];
  # }
  # A protection that is a list of several things has `parts`, each with a name and words of its own:
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
        guards = "every packet: the namespace holds the tunnel and no other link";
        besides = [ "property:namespace-check" ];
        properties = {
          NetworkNamespacePath = set (names.netns namespace);
          PrivateNetwork = set null;
        };
      };

      namespace-check = {
        guards = "against a start in the host's namespace, when systemd may not enter the other (systemd issue 29429)";
        # In front of every command that the unit runs (./front.nix).
        front = [ "--netns=${namespace}" ];
        properties = { };
      };

      journal-connection = {
        guards = "the host's addresses, which a socket that was created outside shows to its holder";
        front = [ "--journal" ] ++ (if first.stays then [ "--stay" ] else [ ]);
        properties = {
          # nginx of nixpkgs denies @ipc, which pipes are part of.
          SystemCallFilter = callable "pipe2";
        }
        // (if first.stays then first.exits else { });
      };

      own-sockets = {
        guards = "the host's addresses, which a socket shows that only a package's file defines for the service";
        front = [ "--own-sockets" ];
        properties = { };
      };

      notify-relay = {
        guards = "what a message makes systemd do: stop another service's process, wait for ever, keep descriptors";
        front = if notify.needed then [ "--notify=${notify.senders}" ] else [ ];
        properties = notify.keepingNothing // (if notify.needed then notify.relayed else { });
      };

      own-binds = {
        guards = "hidden directories, which a bind of the unit's own would show again: /run, %t, /proc, /dev/shm";
        # Before anything is let in (./let-in.nix).
        own = binds.properties service;
        properties = { };
      };

      private-run = {
        guards = "sockets of the host's daemons: D-Bus, systemd, resolved, nscd, avahi, cups, container engines";
        # The whole directory is covered, never a single path in it: when the host removes or replaces a path, the
        # kernel detaches the mount that covers it, for instance when nscd.service restarts (mount_namespaces(7)).
        properties.TemporaryFileSystem = append [ "/run:mode=0755,nosuid,nodev" ];
      };

      resolver-files = {
        guards = "name look-ups that the host's nsswitch.conf would hand to a daemon of the host";
        # An overlay over /etc stays when the host replaces a file in it; a bind over /etc/resolv.conf would be lost.
        properties.ExtensionDirectories = append [ (names.confext namespace serviceConfig) ];
      };

      # It matters only without own-processes. A service in a user namespace of its own may inspect no process outside,
      # so this hides all of them, unless the service is in root's group, which sees every process (proc(5), hidepid).
      hidden-processes.properties.ProtectProc = set "invisible";

      own-processes = {
        guards = "processes outside: what /proc shows of them; signals, limits, priorities of the same user's";
        # The service has its own process numbers; nsguard-init is process 1.
        inherit (first) front;
        properties = {
          PrivatePIDs = set true;
        }
        // first.properties;
      };

      private-users = {
        guards = "capabilities: those of the service are not valid in the user namespace that owns the network";
        besides = [
          "property:capability-bounds"
          "property:own-processes"
        ];
        properties.PrivateUsers = import ./user-namespace.nix { inherit service capabilities; };
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
        guards = "terminals of the host's users: what is shown and typed there, passwords included";
        # A devpts of the namespace's own. /dev/ptmx opens terminals of the devpts that is mounted beside it.
        properties.BindPaths = append [ (names.terminals namespace) ];
      };

      private-ipc = {
        guards = "message queues and shared memory of the host's processes";
        properties.PrivateIPC = set true;
      };

      private-shared-memory = {
        guards = "sockets and files in /dev/shm, which PrivateDevices= shares with the host";
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
        guards = "system calls that neither a network namespace nor a family filter confines";
        parts = {
          keyring = {
            guards = "name look-ups by kernel keys: the kernel makes them in the host's namespace (request_key(2))";
            words = [ "@keyring:EPERM" ];
          };
          io-uring = {
            guards = "sockets that io_uring creates without the family filter seeing it";
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
        guards = "32-bit system calls, which the family filter does not cover";
        properties.SystemCallArchitectures = set "native";
      };

      address-families = {
        guards = "AF_VSOCK, AF_PACKET and families that a later kernel adds";
        properties.RestrictAddressFamilies = within [
          "AF_UNIX"
          "AF_INET"
          "AF_INET6"
          "AF_NETLINK"
        ];
      };

      hidden-paths = {
        guards = "daemons outside /run and /var that act for their clients or look up names";
        # Only paths that exist when the service starts are hidden. None is created, so the host may be read-only.
        parts = hidden;
        properties = paths: { InaccessiblePaths = append (map (path: "-${path}") paths); };
      };

      other-state = {
        guards = "other programs' state and logs: leases, access points, addresses, and sockets of daemons";
        # Whole directories are hidden, whichever program uses them. Both exist on every host and are never removed, so
        # nothing in them becomes visible later.
        properties = {
          TemporaryFileSystem = append (map (directory: "${directory}:ro") state.directories);
          BindPaths = append (state.own (ownNames.service service.unit service // { inherit homes; }));
          BindReadOnlyPaths = append [ "-/var/lib/acme" ];
        };
      };

      profiles = {
        guards = "the programs that a user's login finds first, in that user's Nix profile";
        properties.ReadOnlyPaths = append [ "-/nix/var" ];
      };

      left-for-later = {
        guards = "what the host starts later for a user, in directories that this user may own";
        # Only paths that exist when the service starts.
        parts = later;
        properties = paths: { ReadOnlyPaths = append (map (path: "-${path}") paths); };
      };

      read-only-system = {
        guards = "files that the host runs: units, cron tables, profiles";
        # A service that runs as root owns root's files, and could write a cron table to get out. Beside an extension,
        # "full" leaves /usr writable to whoever owns files there: root, and in /usr/local perhaps others (./later.nix).
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
  # The properties of a protection, made of those of its parts that are not removed.
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
  # { unit, namespace, capabilities, waitForHandshake, bindPaths, devices, hardening, unitConfig, serviceConfig }
  # -> { unitConfig, serviceConfig }
  # unit: its full name; asRoot: whether the service runs as root; nests: whether it may create sandboxes (./kernel.nix);
  # loosened: names of protections that its options remove.
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

  # A socket stays in the network namespace in which it was created, so systemd creates the service's sockets inside.
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
        # The default dependencies of sockets (systemd.socket(5)) without sockets.target: that is reached before any
        # service starts, and so before the namespace exists.
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
