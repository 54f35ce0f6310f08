# Services on the host's loopback interface that those of one namespace reach, each at one port, at the namespace's own
# loopback addresses: a way out (./way-out.nix) for each.
{ tools, names }:
let
  inherit (builtins) attrNames foldl';
  wayOut = import ./way-out.nix { inherit tools names; };

  # The port inside.
  listenPort = it: if it.listenPort == null then it.port else it.listenPort;

  listen = it: [
    "127.0.0.1:${toString (listenPort it)}"
    "[::1]:${toString (listenPort it)}"
  ];

  unitsOf =
    namespace: name: it:
    wayOut {
      inherit namespace;
      unit = names.hostServiceUnit namespace name it;
      listen = listen it;
      to = it;
      socket = "Service ${name} of the host in network namespace ${namespace}";
      proxy = "Way from network namespace ${namespace} to service ${name} of the host";
    };
in
{
  # namespace's name -> services -> units
  units =
    namespace: services:
    foldl' (all: name: all // unitsOf namespace name services.${name}) { } (attrNames services);

  # As the runtime knows them.
  spec =
    namespace: services:
    map (
      name:
      let
        it = services.${name};
      in
      {
        inherit name;
        inherit (it) address port;
        unit = "${names.hostServiceUnit namespace name it}.socket";
        listenPort = listenPort it;
      }
    ) (attrNames services);
}
