# Exceptions: a host on the uplink's network that the services of one namespace reach, at one TCP port, with no route to it.
# Its address is one of the namespace's own, on the loopback interface; a socket that is born in there listens at the port,
# and a proxy in the host's network passes each connection on. No packet gets from one to the other.
{ tools, names }:
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    filter
    head
    listToAttrs
    match
    toJSON
    ;

  at =
    exception:
    let
      host =
        if match ".*:.*" exception.address == null then exception.address else "[${exception.address}]";
    in
    "${host}:${toString exception.port}";

  unitsOf =
    namespace: name: exception:
    let
      unit = names.egressUnit namespace name exception;
      netns = names.netnsUnit namespace;
      inherit (exception) address;
    in
    [
      {
        name = "${unit}.socket";
        value = {
          unitConfig = {
            Description = "${at exception} (${name}) in network namespace ${namespace}";
            BindsTo = [ netns ];
            After = [ netns ];
            # It comes after what comes after sockets.target.
            DefaultDependencies = false;
            Conflicts = [ "shutdown.target" ];
            Before = [ "shutdown.target" ];
          };
          socketConfig = {
            ListenStream = at exception;
            NetworkNamespacePath = names.netns namespace;
            # A storm pauses the socket, and must not end it for good.
            TriggerLimitIntervalSec = 0;
          };
          wantedBy = [
            "multi-user.target"
            netns
          ];
        };
      }
      {
        name = "${unit}.service";
        value = {
          unitConfig = {
            Description = "Way from network namespace ${namespace} to ${at exception} (${name})";
            Requires = [ "${unit}.socket" ];
            After = [ "${unit}.socket" ];
            StartLimitIntervalSec = 0;
          };
          serviceConfig = import ./proxy.nix // {
            # Without brackets, which it would take for a part of a name and look up.
            ExecStart = "${tools.systemd-socket-proxyd} ${address}:${toString exception.port}";
            IPAddressAllow = address;
            IPAddressDeny = "any";
          };
        };
      }
    ];
in
{
  # namespace's name -> exceptions -> units
  units =
    namespace: exceptions:
    listToAttrs (concatMap (name: unitsOf namespace name exceptions.${name}) (attrNames exceptions));

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
      # This host's own, multicast and link-local addresses (RFC 6890, RFC 4291 §2.4).
      unfit = "(0|127|169[.]254|22[4-9]|23[0-9]|24[0-9]|25[0-5])[.].*|::1?|[fF][fF].*|[fF][eE][89abAB].*";
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
      ++ optional (elem it.address taken) "${here}.address: ${toJSON it.address} is the tunnel's own or its resolver's, which would no longer be reached through it; remove the exception"
      ++
        optional (it.protocol != "tcp")
          ''${here}.protocol: ${toJSON it.protocol} cannot be passed on without a route, and there is none to the host's networks; use TCP: ${here}.protocol = "tcp";''
      ++ optional (
        same name != [ ]
      ) "${here}: ${at it} is also that of ${where}.allowedEgress.${head (same name)}; remove either"
    ) (attrNames exceptions);
}
