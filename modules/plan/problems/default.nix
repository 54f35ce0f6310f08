# What is wrong with a specification, in messages. Without any in `services` and `others`, it can be planned.
# The form of a problem, and how it becomes a message, is in ./problem.nix.
{ names, hostLinks }:
{
  accounts,
  namespaces,
  tunnels,
  services,
  userServices,
  instances,
  metrics,
  apps,
  known,
}:
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    toJSON
    ;

  problem = import ./problem.nix;
  inherit (import ../confinement/homes.nix)
    homesOf
    unreadable
    unreadablePlaces
    ;
  inherit (problem) messages;
  inherit (import ../combine.nix) toList;
  inherit (import ../confinement/binds.nix) showsHome;
  service = import ./service.nix {
    inherit namespaces services;
    known = knownServices;
    inherit (known) modules;
  };
  hops = import ../network/hops.nix { inherit namespaces tunnels; };

  knownServices = if known.services == null then attrNames services else known.services;
  # Checks that need all names of a configuration. NixOS does not know these names when it plans the namespaces: some
  # accounts come from the plan, and services are checked separately.
  ofWhole =
    if known.users == null then
      [ ]
    else
      import ./accounts.nix {
        inherit
          namespaces
          apps
          services
          known
          ;
      }
      ++ import ./client.nix {
        inherit
          names
          namespaces
          services
          apps
          ;
        known = knownServices;
      };

  each = problemsOf: set: concatMap problemsOf (attrNames set);

  ofNamespace = import ./namespace.nix { inherit names namespaces tunnels; };
  ofTunnel = import ./tunnel.nix { inherit tunnels hops; };

  # Exceptions may not hide an address that the tunnel has, or a resolver behind it.
  ofExceptions =
    name:
    let
      ns = namespaces.${name};
      tunnel =
        tunnels.${ns.tunnel} or {
          ips = [ ];
          dns = [ ];
        };
    in
    import ./allowed-egress.nix {
      where = "nsguard.namespaces.${name}";
      exceptions = ns.allowedEgress;
      taken = map (ip: builtins.head (builtins.match "([^/]*).*" ip)) tunnel.ips ++ tunnel.dns;
    };

  ofHostServices =
    name:
    import ./host-services.nix {
      where = "nsguard.namespaces.${name}";
      ns = namespaces.${name};
      services = knownServices ++ toList known.modules;
    };

  # Both would listen at one port inside, and only one can.
  hostServicesInside =
    name:
    map (hostService: {
      when = (services.${hostService} or { namespace = null; }).namespace == name;
      where = "nsguard.namespaces.${name}.hostServices.${hostService}";
      what = "${hostService}.service is confined to this namespace itself, where the others reach it at its own port";
      fix = "remove it";
    }) (attrNames namespaces.${name}.hostServices);

  ofApp =
    let
      ofOptions = import ./app.nix {
        inherit namespaces accounts;
        presets = import ../units/presets.nix;
      };
    in
    name:
    let
      app = apps.${name};
      where = "nsguard.apps.${name}.extraServiceConfig";
    in
    ofOptions name app
    ++ map (problem.wholeHome "nsguard.apps.${name}.readWritePaths") (
      filter (showsHome {
        homes = homesOf accounts (names.appUnit name) { serviceConfig = { }; };
      }) app.readWritePaths
    )
    ++ service.ofService {
      inherit where;
      options = "nsguard.apps.${name}";
      grants = "nsguard.apps.${name}.readWritePaths";
      service = {
        serviceConfig = app.extraServiceConfig;
        bindPaths = app.readWritePaths;
        homes = homesOf accounts (names.appUnit name) { serviceConfig = app.extraServiceConfig; };
        asRoot = false;
      };
    }
    ++ service.prefixes where "" app.extraServiceConfig;

  # Namespaces whose tunnel has the same mark as the tunnel of an earlier namespace.
  markOf =
    name:
    let
      own = tunnels.${namespaces.${name}.tunnel}.fwMark;
    in
    if own == null then names.fwMark name else own;
  tunnelled = filter (name: tunnels ? ${namespaces.${name}.tunnel}) (attrNames namespaces);
  byMark = builtins.groupBy markOf tunnelled;
  clashing = name: other: other < name && namespaces.${other}.tunnel != namespaces.${name}.tunnel;
  # A home that could not be hidden.
  ofHome = name: {
    where = "users.users.${name}.home";
    what = "${toJSON accounts.${name}.home} cannot be hidden from confined services";
    fix = "write an absolute path of letters, digits and any of . _ @ + -";
  };
  ofPlace = path: {
    where = "fileSystems";
    what = "${toJSON path}, at which a bind mount shows a home, cannot be hidden from confined services";
    fix = "use absolute paths of letters, digits and any of . _ @ + - for its device and mount point";
  };
  ofMark = name: {
    when = filter (clashing name) byMark.${markOf name} != [ ];
    where = "nsguard.tunnels.${namespaces.${name}.tunnel}.fwMark";
    what = "${toJSON (markOf name)} is also the mark of another tunnel";
    fix = "set fwMark to a number that no other tunnel has";
  };
in
{
  services = messages (
    each (name: service.problems name services.${name}) services
    ++ concatMap service.ofUser userServices
    ++ each (name: service.ofInstance name instances.${name}) instances
  );

  # These do not weaken a service's confinement, but the service will not work.
  warnings =
    makers:
    messages (
      each (name: service.warnings makers name services.${name}) services
      ++ ofWhole
      ++ each hostServicesInside namespaces
    );

  # Separate from the others: a home may come from the finished configuration, which depends on the others' result.
  homes =
    if namespaces == { } then
      [ ]
    else
      messages (map ofHome (unreadable accounts) ++ map ofPlace (unreadablePlaces accounts));

  others = messages (
    each ofNamespace namespaces
    ++ each ofExceptions namespaces
    ++ each ofHostServices namespaces
    ++ import ./publish.nix { inherit namespaces hostLinks; }
    ++ each ofTunnel tunnels
    ++ [
      (problem.malformed "nsguard.metrics.textfile" "(/[a-zA-Z0-9._-]+)+\\.prom"
        ''"/var/lib/prometheus-node-exporter/nsguard.prom"''
        metrics.textfile
      )
    ]
    ++ each ofApp apps
    ++ map ofMark tunnelled
  );
}
