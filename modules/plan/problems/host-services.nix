# What is wrong with the `hostServices` of a namespace -> problems
# ns: a namespace
# services: the names of services and of modules that exist, to suggest one for a misspelt name
{
  where,
  ns,
  services,
}:
let
  inherit (builtins)
    attrNames
    elem
    filter
    head
    toJSON
    ;
  inherit (import ../network/addresses.nix) special;
  inside = import ../network/host-service-port.nix;
  ports = import ../network/ports.nix;
  inherit (import ./problem.nix)
    isPort
    malformed
    misnamed
    orMeant
    ;
  inherit (ns) hostServices publish;

  address = "[0-9.]+|[0-9a-fA-F:]+";
in
builtins.concatMap (
  name:
  let
    here = "${where}.hostServices.${name}";
    it = hostServices.${name};
    port = toString (inside it);
    set = "set ${here}.port to the port on which the service listens";
    same = filter (other: other < name && inside hostServices.${other} == inside it) (
      attrNames hostServices
    );
    # Such a port would lead from the host into the namespace and back to the host.
    looping = filter (
      other:
      publish.${other}.protocol == "tcp"
      && ports.overlap (ports.range publish.${other}.port) (ports.range (inside it))
    ) (attrNames publish);
  in
  [
    (misnamed here name)
    {
      when = it.port == null;
      where = "${here}.port";
      what = "no port is set, and services.${name} has no option with its port";
      fix = orMeant name (if elem name services then [ ] else services) set;
    }
    {
      when = it.port != null && !isPort it.port;
      where = "${here}.port";
      what = "${toJSON it.port} is not a port";
      fix = set;
    }
    {
      when = it.listenPort != null && !isPort it.listenPort;
      where = "${here}.listenPort";
      what = "${toJSON it.listenPort} is not a port";
      fix = "remove it to use the service's own port";
    }
    (malformed "${here}.address" address ''"127.0.0.1" or "::1"'' it.address)
    {
      when = builtins.match address it.address != null && special it.address != "a loopback address";
      where = "${here}.address";
      what = "${toJSON it.address} is not a loopback address";
      fix = "remove it for 127.0.0.1, or use ${where}.allowedEgress for another host";
    }
    {
      when = it.port != null && same != [ ];
      where = here;
      what = "port ${port} inside is also the port of ${where}.hostServices.${head same}";
      fix = "set ${here}.listenPort to a free port";
    }
    {
      when = it.port != null && looping != [ ];
      where = here;
      what = "${where}.publish.${head looping} publishes port ${port} inside, which would lead back to the host";
      fix = "set ${here}.listenPort to a free port";
    }
  ]
) (attrNames hostServices)
