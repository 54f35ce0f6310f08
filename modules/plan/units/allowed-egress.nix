# Exceptions: hosts on the uplink's network that the services of a namespace reach, each at one TCP port and without a
# route. The namespace's loopback interface has the host's address, and a way out (./way-out.nix) listens there.
{ tools, names }:
let
  inherit (import ../combine.nix) sorted;

  at =
    exception:
    let
      host =
        if builtins.match ".*:.*" exception.address == null then
          exception.address
        else
          "[${exception.address}]";
    in
    "${host}:${toString exception.port}";
in
{
  # namespace's name -> exceptions -> units
  units = import ./way-out.nix { inherit tools names; } (
    namespace: name: exception: {
      unit = names.egressUnit namespace name exception;
      listen = at exception;
      socket = "${at exception} (${name}) in network namespace ${namespace}";
      proxy = "Way from network namespace ${namespace} to ${at exception} (${name})";
    }
  );

  # The addresses for the namespace's loopback interface, each once.
  addresses =
    exceptions: sorted (map (exception: exception.address) (builtins.attrValues exceptions));
}
