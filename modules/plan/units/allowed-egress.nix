# Exceptions: a host on the uplink's network that the services of one namespace reach, at one TCP port, with no route to it.
# Its address is one of the namespace's own, on the loopback interface, where a way out (./way-out.nix) listens.
{ tools, names }:
let
  inherit (builtins)
    attrNames
    listToAttrs
    match
    ;

  at =
    exception:
    let
      host =
        if match ".*:.*" exception.address == null then exception.address else "[${exception.address}]";
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

  # Of all exceptions, those that stand on the namespace's loopback interface.
  addresses =
    exceptions:
    attrNames (
      listToAttrs (
        map (name: {
          name = exceptions.${name}.address;
          value = null;
        }) (attrNames exceptions)
      )
    );
}
