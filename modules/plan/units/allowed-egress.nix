# Exceptions: a host on the uplink's network that the services of one namespace reach, at one TCP port, with no route to it.
# Its address is one of the namespace's own, on the loopback interface, where a way out (./way-out.nix) listens.
{ tools, names }:
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    filter
    foldl'
    head
    listToAttrs
    match
    toJSON
    ;
  inherit (import ../network/addresses.nix) special;
  wayOut = import ./way-out.nix { inherit tools names; };

  at =
    exception:
    let
      host =
        if match ".*:.*" exception.address == null then exception.address else "[${exception.address}]";
    in
    "${host}:${toString exception.port}";

  unitsOf =
    namespace: name: exception:
    wayOut {
      inherit namespace;
      unit = names.egressUnit namespace name exception;
      listen = at exception;
      to = exception;
      socket = "${at exception} (${name}) in network namespace ${namespace}";
      proxy = "Way from network namespace ${namespace} to ${at exception} (${name})";
    };
in
{
  # namespace's name -> exceptions -> units
  units =
    namespace: exceptions:
    foldl' (all: name: all // unitsOf namespace name exceptions.${name}) { } (attrNames exceptions);

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

  # taken: the addresses that the namespace has otherwise; malformed, optional: as in ../problems
  problems =
    {
      where,
      exceptions,
      taken,
      malformed,
      optional,
    }:
    let
      octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
      address = "(${octet}[.]){3}${octet}|[0-9a-fA-F:]*:[0-9a-fA-F:]+";
      # Multicast, link-local and other addresses that no host has (RFC 6890, RFC 4291 §2.4).
      unfit = "(0|169[.]254|22[4-9]|23[0-9]|24[0-9]|25[0-5])[.].*|::|[fF][fF].*|[fF][eE][89abAB].*";
      same =
        name:
        filter (other: other < name && at exceptions.${other} == at exceptions.${name}) (
          attrNames exceptions
        );
    in
    concatMap (
      name:
      let
        it = exceptions.${name};
        here = "${where}.allowedEgress.${name}";
      in
      optional (match "[a-zA-Z0-9][a-zA-Z0-9_-]{0,31}" name == null)
        "${where}.allowedEgress: ${toJSON name} cannot name an exception, which has letters, digits, - and _, and 32 characters at most; rename it"
      ++
        malformed "${here}.address" address
          ''"192.168.1.10" or "fd00::10"; a name would be looked up through the tunnel''
          it.address
      ++
        optional (match unfit it.address != null)
          ''${here}.address: ${toJSON it.address} is no host on a network; write the one address that is to be reached: ${here}.address = "192.168.1.10";''
      ++
        optional (special it.address == "a loopback address")
          "${here}.address: ${toJSON it.address} is this host itself, where a service listens on a port; remove the exception and set ${where}.hostServices.${name}.port = ${toString it.port};"
      ++ optional (elem it.address taken) "${here}.address: ${toJSON it.address} is the tunnel's own or its resolver's, which would no longer be reached through it; remove the exception"
      ++
        optional (it.protocol != "tcp")
          ''${here}.protocol: ${toJSON it.protocol} cannot be passed on without a route, and there is none to the host's networks; use TCP: ${here}.protocol = "tcp";''
      ++ optional (
        same name != [ ]
      ) "${here}: ${at it} is also that of ${where}.allowedEgress.${head (same name)}; remove either"
    ) (attrNames exceptions);
}
