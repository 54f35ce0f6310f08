# The plan: from a specification (plain data) to systemd units, files and confinement (plain data).
#
#   import ./. { tools = { nsguard = "/usr/bin/nsguard"; nsguard-init = …; wireguard-go = …; … }; }
#   -> { plan = specification -> { problems, units, files, groups, openPorts, launchers, … }; … }
#
# It uses Nix builtins only: any Nix from 2.8 on can evaluate it, without nixpkgs.
#
# `without` removes protections by name, for tests that show what each of them guards.
{
  tools,
  without ? [ ],
}:
let
  inherit (builtins)
    attrNames
    filter
    listToAttrs
    mapAttrs
    ;

  inherit (import ./combine.nix) unique;
  unitOption = (import ./problems/problem.nix).named;
  names = import ./names.nix;
  defaults = import ./defaults.nix;
  ini = import ./units/ini.nix;
  ruleset = import ./network/ruleset.nix { inherit names without; };
  confinement = import ./confinement { inherit tools names without; };
  dependencies = import ./confinement/dependencies.nix { inherit names without; };
  run = import ./units/run.nix {
    inherit tools names without;
    inherit (confinement) confine;
  };
  forwarding = import ./units/forwarding.nix {
    inherit tools names;
    inherit (confinement) confine;
  };
  publish = import ./units/publish.nix {
    inherit tools names dependencies;
    inherit (confinement) confine;
  };
  allowedEgress = import ./units/allowed-egress.nix { inherit tools names; };
  hostServices = import ./units/host-services.nix { inherit tools names; };
  status = import ./units/status.nix { inherit tools names; };
  metrics = import ./units/metrics.nix { inherit tools; };
  journal = import ./units/journal.nix { inherit without; };
  unitsOf = import ./units { inherit tools names dependencies; };
  specs = import ./spec.nix {
    inherit
      names
      allowedEgress
      hostServices
      hostLinks
      without
      ;
  };
  problems = import ./problems { inherit names hostLinks; };
  ownersOf = import ./confinement/owners.nix;
  inherit (import ./confinement/homes.nix) homesOf;
  sandbox = import ./confinement/sandbox.nix { inherit tools without; };
  presets = import ./units/presets.nix;
  complete = import ./complete.nix;
  bus = import ./units/bus.nix { inherit tools names without; };
  apps = import ./units/apps.nix {
    inherit
      tools
      names
      ini
      confinement
      sandbox
      bus
      ;
  };
  hostLinks = import ./network/host-link.nix;
  hops = import ./network/hops.nix;
  expected = import ./judge/wanted.nix { inherit tools names; };
  judge = import ./judge;
  inherit (import ./judge/verdict.nix) messages;

  named = value: name: {
    inherit name;
    value = value name;
  };

  mergeAll = builtins.foldl' (all: set: all // set) { };
  ofNamespace =
    whole: name:
    let
      namespace = whole.namespaces.${name};
      tunnel = whole.tunnels.${namespace.tunnel};
      spec = specs.spec {
        inherit name namespace tunnel;
        narrowed = narrowed != [ ];
        outer = (hops { inherit (whole) namespaces tunnels; }).outer namespace.tunnel;
      };
      hostLink =
        if namespace.hostLink.enable then
          {
            ends = hostLinks.ends name namespace.hostLink.range;
            listeners = hostLinks.linked namespace.publish;
          }
        else
          null;
      narrowed = filter (listener: listener.from != null) (hostLinks.outside namespace.publish);
      rulesets = {
        clients =
          if narrowed == [ ] then
            null
          else
            ruleset.clients {
              namespace = name;
              listeners = narrowed;
            };
        namespace = ruleset.namespace {
          enforceDns = spec.dns.enforce;
          forwarding = namespace.portForwarding.enable;
          inherit (namespace) tunnelPorts;
          inherit hostLink;
        };
        hostLink = if hostLink == null then "" else ruleset.link (hostLink // { namespace = name; });
        host = ruleset.host name;
      };
      commands = run.run {
        inherit name namespace;
        inherit (whole) accounts;
      };
      published = publish {
        inherit name;
        publish = hostLinks.proxied namespace.publish;
      };
    in
    {
      inherit (commands) groups;
      inherit (published) openPorts;
      units =
        unitsOf { inherit name spec rulesets; }
        // commands.units
        // status { inherit name namespace; }
        // published.units
        // allowedEgress.units name namespace.allowedEgress
        // hostServices.units name namespace.hostServices
        // forwarding {
          inherit name;
          inherit (namespace) portForwarding;
        };
      files = {
        "${names.etc name}/spec.json" = builtins.toJSON spec + "\n";
        "${names.etc name}/judge.json" = builtins.toJSON judge.facts + "\n";
        ${spec.rulesets.namespace} = rulesets.namespace;
        ${spec.rulesets.host} = rulesets.host;
      }
      // (if hostLink == null then { } else { ${spec.hostLink.ruleset} = rulesets.hostLink; })
      // (if narrowed == [ ] then { } else { ${spec.rulesets.clients} = rulesets.clients; });
    };

  # name -> service, complete -> its sections, confined
  confineService =
    name: service:
    let
      whole = withBus name service;
      confined = confinement.confine (whole // { unit = "${name}.service"; });
    in
    confined
    // {
      unitConfig = confined.unitConfig // {
        # For `nsguard doctor`, which judges the running unit.
        X-NsguardWanted = builtins.toJSON (expected.service whole);
      };
    };

  withBus =
    name: service: service // { inherit (bus.ofService name service) requires bindReadOnlyPaths; };

  # Units that services need of their own: name -> service, complete
  ofServices =
    services: mergeAll (map (name: (bus.ofService name services.${name}).units) (attrNames services));

  socketOf =
    namespace: socket:
    let
      whole = {
        unitConfig = { };
        socketConfig = { };
      }
      // socket;
    in
    whole
    // (
      if namespace == null then
        { }
      else
        confinement.confineSocket {
          inherit namespace;
          inherit (whole) unitConfig socketConfig;
        }
    );

  freeIn = whole: filter (name: whole.services.${name}.namespace == null) (attrNames whole.services);

  problemsIn = whole: problems (whole // { services = removeAttrs whole.services (freeIn whole); });

  # Holes in the finished units of a specification. textsOf: unit -> the texts that systemd may read
  holes =
    whole: textsOf:
    builtins.concatMap (
      name:
      let
        service = withBus name whole.services.${name};
        judged =
          set: of: name: unit:
          messages (unitOption set name) (unique (builtins.concatMap (of unit) (textsOf unit)));
        ofSocket = judge.socket (expected.socket service.namespace);
      in
      judged "services" (holesOf service) name "${name}.service"
      ++ builtins.concatMap (socket: judged "sockets" ofSocket socket "${socket}.socket") (
        attrNames service.sockets
      )
    ) (attrNames (removeAttrs whole.services (freeIn whole)));

  # service: complete; unit: its full name
  holesOf = service: judge.service (expected.service service);

  unitProblems = import ./problems/units.nix {
    inherit (judge) starts joins settings;
    socketHoles = service: judge.socket (expected.socket service.namespace);
    serviceHoles =
      service: name: unit: text:
      messages (unitOption "services" (builtins.head (builtins.match "(.*)[.]service" unit))) (
        holesOf (withBus name service) unit text
      );
  };

  section = name: entries: { inherit name entries; };

  render =
    unit:
    unit
    // {
      wantedBy = unit.wantedBy or [ ];
      text = ini [
        (section "Unit" unit.unitConfig)
        (section "Service" (unit.serviceConfig or { }))
        (section "Socket" (unit.socketConfig or { }))
        (section "Timer" (unit.timerConfig or { }))
        (section "Path" (unit.pathConfig or { }))
        (section "Install" (if unit.wantedBy or [ ] == [ ] then { } else { WantedBy = unit.wantedBy; }))
      ];
    };

  plan =
    specification:
    let
      whole = complete specification;
      free = freeIn whole;
      judgement = problemsIn whole;
      refused = judgement.others ++ judgement.services;
      runnable = filter (name: apps.runnable whole.apps.${name}) (attrNames whole.apps);
      eachApp =
        if refused == [ ] then
          map (name: apps.ofApp whole.accounts name whole.apps.${name}) runnable
        else
          [ ];
      # Namespaces whose tunnel exists; for the others there is a problem.
      known = filter (name: whole.tunnels ? ${whole.namespaces.${name}.tunnel}) (
        attrNames whole.namespaces
      );
      each = if refused == [ ] then map (ofNamespace whole) known else [ ];
      services = listToAttrs (
        map (name: {
          name = "${name}.service";
          value =
            whole.services.${name}
            // (
              if whole.services.${name}.namespace == null then
                { }
              else
                confineService name (
                  whole.services.${name}
                  // {
                    # NixOS knows all services; this specification may have only the confined ones.
                    owners =
                      whole.services.${name}.owners or (ownersOf {
                        inherit (whole) services;
                        inherit name;
                        service = whole.services.${name};
                      });
                  }
                )
            );
        }) (attrNames whole.services)
      );
      sockets = mergeAll (
        map (
          service:
          listToAttrs (
            map (name: {
              name = "${name}.socket";
              value = socketOf service.namespace service.sockets.${name};
            }) (attrNames service.sockets)
          )
        ) (builtins.attrValues whole.services)
      );
      units = mapAttrs (_: render) (
        mergeAll (map (n: n.units) (each ++ eachApp))
        // (if each == [ ] then { } else metrics whole.metrics)
        // services
        // sockets
        // ofServices (removeAttrs whole.services free)
      );
      open = holes whole (name: [ units.${name}.text ]);
    in
    {
      inherit units;
      # Refusals; without any, the holes that remain. There are none, unless a test removed protections.
      problems = judgement.homes ++ refused ++ (if refused == [ ] && without == [ ] then open else [ ]);
      holes = open;
      # Messages about what can be planned but is probably a mistake.
      warnings =
        if refused == [ ] then import ./problems/warnings.nix whole ++ judgement.warnings { } else [ ];
      files =
        mergeAll (map (n: n.files) (each ++ eachApp)) // (if each == [ ] then { } else journal.files);
      # name -> argv, to which a launcher appends its own arguments
      launchers = listToAttrs (map (named apps.launcher) runnable);
      # name -> text of its menu entry, for an app that has one
      desktopEntries = listToAttrs (
        map (named (name: apps.desktopEntry name whole.apps.${name})) (
          filter (name: apps.hasEntry whole.apps.${name}) runnable
        )
      );
      # TCP ports to open in the host's firewall
      openPorts = builtins.concatMap (n: n.openPorts) each;
      # Several namespaces may have one group. The groups stay even if something is refused, because the accounts that
      # are judged may depend on them.
      groups = builtins.zipAttrsWith (_: builtins.concatLists) (
        map (name: (ofNamespace whole name).groups) known
      );
    };
in
{
  inherit plan defaults presets;
  # Problems with the services of a specification that is otherwise planned without them.
  serviceProblems = specification: (problemsIn (complete specification)).services;
  # Warnings about them, and about accounts that do not exist. makers: directory below /run -> the service that
  # creates it
  serviceWarnings = specification: makers: (problemsIn (complete specification)).warnings makers;
  # Holes in their finished units. textsOf: unit -> the texts that systemd may read
  serviceHoles = specification: holes (complete specification);
  # units: those of systemd.units; name -> the texts of one that systemd may read
  unitTexts = (import ./problems/drop-ins.nix).texts;
  # Problems of other units and of files in /etc with confined units. units: those of systemd.units; etc: files of
  # environment.etc, [ { name; target; } ]; ours: names of the plan's own units
  unitProblems =
    specification:
    {
      units,
      etc,
      ours,
    }:
    let
      whole = complete specification;
    in
    unitProblems {
      inherit units etc ours;
      services = removeAttrs whole.services (freeIn whole);
    };
  inherit
    confineService
    holesOf
    homesOf
    ownersOf
    render
    ;
  uidOf = import ./confinement/user.nix;
  shownBy = import ./confinement/shown.nix;
  sharedDirectories = import ./problems/shared.nix { inherit (judge) listens; };
  boundWarnings = import ./problems/bound.nix;
  # The judge's facts, and what the plan tells it about a service.
  inherit (judge) facts;
  wantedOf = expected.service;
  inherit (confinement) confineSocket;
  ofServices = services: mapAttrs (_: render) (ofServices services);
  loosenings = import ./confinement/loosenings.nix;
  journalFiles = journal.files;

  # name -> { guards; besides; }; every name may stand in `without` (see ./protections.nix).
  protections =
    confinement.protections
    // ruleset.protections
    // specs.protections
    // run.protections
    // sandbox.protections
    // bus.protections
    // journal.protections;
}
