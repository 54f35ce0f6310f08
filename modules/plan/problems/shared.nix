# Directories of confined services that systemd makes for units outside as well: what a socket or a file there leads to is
# not confined -> { problems; warnings; }, messages
#
#   listens   full name of a socket, its text -> the paths at which systemd listens
#   services  the confined ones
#   all       those of systemd.services
#   units     those of systemd.units
{ listens }:
{
  services,
  all,
  units,
}:
let
  inherit (builtins)
    any
    attrNames
    concatMap
    concatStringsSep
    filter
    head
    length
    match
    partition
    toJSON
    ;
  inherit (import ../combine.nix) unique;
  inherit (import ./problem.nix) messages named;
  inherit (import ./alike.nix) isKnown mayBeWithin;
  inherit (import ../confinement/directories.nix) made parents;
  binds = import ../confinement/binds.nix;
  ownNames = import ../confinement/own-names.nix;
  dropIns = import ./drop-ins.nix;

  directories =
    name: serviceConfig: property:
    map (path: binds.plain (ownNames.text "${name}.service" path)) (made property serviceConfig);

  templateOf =
    name:
    let
      template = match "([^@]+@).+" name;
    in
    if template == null then null else head template;
  isInstance = name: services ? ${toString (templateOf name)} && !services ? ${name};

  defined = filter (name: all.${name}.enable or true) (attrNames all);

  # property -> [ { directory; name; } ] of the services outside; an instance is confined as its template is
  outside = builtins.mapAttrs (
    property: _:
    concatMap (
      name:
      map (directory: { inherit directory name; }) (directories name all.${name}.serviceConfig property)
    ) (filter (name: !services ? ${name} && !isInstance name) defined)
  ) parents;

  # [ { path; name; } ] of the sockets outside
  listening = concatMap (
    unit:
    map (path: {
      inherit path;
      name = unit;
    }) (unique (concatMap (listens unit) (dropIns.texts units unit)))
  ) (filter isSocketOutside (attrNames units));
  isSocketOutside =
    unit:
    let
      socket = match "(.*)[.]socket" unit;
    in
    socket != null
    && units.${unit}.enable or true
    && !any (service: service.sockets ? ${head socket}) (builtins.attrValues services);

  # Each directory of a confined service, or of an instance that is defined, if it was not granted by name. option: the
  # confined service
  each =
    function:
    concatMap
      (
        {
          option,
          name,
          serviceConfig,
        }:
        concatMap (
          property:
          concatMap
            (function {
              inherit option property;
            })
            (
              filter (directory: !binds.grants services.${option}.bindPaths directory) (
                directories name serviceConfig property
              )
            )
        ) (attrNames parents)
      )
      (
        map (name: {
          inherit name;
          option = name;
          inherit (services.${name}) serviceConfig;
        }) (attrNames services)
        ++ map (
          name:
          let
            option = templateOf name;
          in
          {
            inherit name option;
            serviceConfig = services.${option}.serviceConfig // all.${name}.serviceConfig;
          }
        ) (filter isInstance defined)
      );

  certainly = known: directory: partition (path: isKnown (known path) && isKnown directory);

  # The remedy, for a directory of the service that the option defines.
  ownOr =
    option: directory:
    "give the service a directory of its own, or "
    + (
      if isKnown directory then
        "accept that with ${named "services" option}.nsguard.bindPaths = [ ${toJSON directory} ];"
      else
        "start no instance of such a name"
    );

  ofUnits =
    { option, property }:
    directory:
    let
      sharing = certainly (other: other.directory) directory (
        filter (other: mayBeWithin other.directory directory) outside.${property}
      );
      around = filter (
        other: mayBeWithin directory other.directory && !mayBeWithin other.directory directory
      ) outside.${property};
      reaches = who: "the service reaches sockets there, and ${acts who}";
      acts = who: "${who} may act on files that the service writes";
      ofKind =
        others: how: effect:
        let
          names = unique (map (other: other.name) others);
          isOne = length names == 1;
          listed = concatStringsSep ", " (map (name: "${name}.service") names);
          confine = concatStringsSep " " (
            map (
              name: "${named "services" name}.nsguard.namespace = ${toJSON services.${option}.namespace};"
            ) names
          );
        in
        {
          when = others != [ ];
          where = "${named "services" option}.serviceConfig.${property}";
          what =
            "${listed}, which ${if isOne then "is" else "are"} not confined, ${
              if isOne then "has" else "have"
            } "
            + concatStringsSep ", " (unique (map (other: other.directory) others))
            + "${how}: ${effect (if isOne then listed else "they")}";
          fix = "confine ${
            if isOne then "that unit" else "those units"
          } as well (${confine}), ${ownOr option directory}";
        };
    in
    [
      (ofKind sharing.right " as well" reaches)
      (ofKind sharing.wrong ", which may be ${directory} or in it" reaches)
      (ofKind around ", with ${directory} in it" acts)
    ];

  # known: whether the paths are to be certain, or only possible
  ofSockets =
    known:
    { option, property }:
    directory:
    let
      sorted = certainly (socket: socket.path) directory (
        filter (socket: mayBeWithin socket.path directory) listening
      );
      names = unique (map (socket: socket.name) (if known then sorted.right else sorted.wrong));
    in
    [
      {
        when = names != [ ];
        where = "${named "services" option}.serviceConfig.${property}";
        what =
          "${directory} ${
            if known then "contains" else "may contain"
          } a socket of ${concatStringsSep ", " names},"
          + " and what answers there is outside the namespace";
        fix = ownOr option directory;
      }
    ];
in
{
  problems = messages (each (ofSockets true));
  warnings = messages (each ofUnits ++ each (ofSockets false));
}
