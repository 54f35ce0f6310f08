# Directories of confined services that systemd makes for units outside as well: what a socket or a file there leads to is
# not confined -> { problems; warnings; }, messages
#
# services: the confined ones; all: name -> { serviceConfig; } of all services; sockets: name -> where systemd listens
# outside, as the unit says it: paths, perhaps with specifiers, and addresses
{
  services,
  all,
  sockets,
}:
let
  inherit (builtins)
    any
    attrNames
    concatMap
    concatStringsSep
    filter
    head
    match
    toJSON
    ;
  inherit (import ../combine.nix) unique;
  inherit (import ./problem.nix) messages named;
  inherit (import ../confinement/directories.nix) made parents;
  binds = import ../confinement/binds.nix;
  filled = import ../confinement/own-names.nix;

  directories =
    name: serviceConfig: property:
    map (filled name) (made property serviceConfig);

  # An instance is confined as its template is.
  isOutside =
    name:
    let
      template = match "([^@]+@).+" name;
    in
    !services ? ${if template == null then name else head template} && !services ? ${name};

  # property -> [ { directory; name; } ] of the services outside
  outside = builtins.mapAttrs (
    property: _:
    concatMap (
      name:
      map (directory: { inherit directory name; }) (directories name all.${name}.serviceConfig property)
    ) (filter isOutside (attrNames all))
  ) parents;

  # Each directory of a confined service that it was not granted by name.
  each =
    function:
    concatMap (
      name:
      let
        service = services.${name};
      in
      concatMap (
        property:
        map
          (function {
            inherit name property service;
          })
          (
            filter (directory: !binds.grants service.bindPaths directory) (
              directories name service.serviceConfig property
            )
          )
      ) (attrNames parents)
    ) (attrNames services);

  ofUnits =
    {
      name,
      property,
      service,
    }:
    directory:
    let
      shared = filter (other: binds.within other.directory directory) outside.${property};
      others = unique (map (other: "${other.name}.service") shared);
      one = builtins.length others == 1;
      list = concatStringsSep ", ";
    in
    {
      when = shared != [ ];
      where = "${named "services" name}.serviceConfig.${property}";
      what =
        "${list others}, which ${if one then "is not confined, has" else "are not confined, have"}"
        + " ${
           list (unique (map (other: other.directory) shared))
         } as well: the service reaches sockets there,"
        + " and ${if one then list others else "they"} may act on files that the service writes";
      fix =
        "confine ${if one then "that unit" else "those units"} as well ("
        + concatStringsSep " " (
          map (name: "${named "services" name}.nsguard.namespace = ${toJSON service.namespace};") (
            unique (map (other: other.name) shared)
          )
        )
        + "),"
        + " give the service a directory of its own, or accept that with"
        + " ${named "services" name}.nsguard.bindPaths = [ ${toJSON directory} ];";
    };

  ofSockets =
    {
      name,
      property,
      ...
    }:
    directory:
    let
      listening = filter (
        socket:
        any (
          path: match "[/%].*" path != null && binds.within (binds.plain (filled socket path)) directory
        ) sockets.${socket}
      ) (attrNames sockets);
      socket = head listening;
    in
    {
      when = listening != [ ];
      where = "${named "services" name}.serviceConfig.${property}";
      what = "${directory} contains a socket of ${socket}.socket, and what answers there is outside the namespace";
      fix =
        "give the service a directory of its own, or accept that with"
        + " ${named "services" name}.nsguard.bindPaths = [ ${toJSON directory} ];";
    };
in
{
  problems = messages (each ofSockets);
  warnings = messages (each ofUnits);
}
