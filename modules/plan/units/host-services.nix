# Services on the host's loopback interface that the services of a namespace reach, each at one port of the
# namespace's own loopback addresses. Each has a way out (./way-out.nix).
{ tools, names }:
let
  listenPort = import ../network/host-service-port.nix;

  listen = it: [
    "127.0.0.1:${toString (listenPort it)}"
    "[::1]:${toString (listenPort it)}"
  ];

in
{
  # namespace's name -> services -> units
  units = import ./way-out.nix { inherit tools names; } (
    namespace: name: it: {
      unit = names.hostServiceUnit namespace name it;
      listen = listen it;
      socket = "Service ${name} of the host in network namespace ${namespace}";
      proxy = "Way from network namespace ${namespace} to service ${name} of the host";
    }
  );

  # Their form in the spec.
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
    ) (builtins.attrNames services);
}
