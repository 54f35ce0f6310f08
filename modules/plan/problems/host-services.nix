# What is wrong with services of the host that namespaces reach, one sentence for each.
{ namespaces, malformed }:
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    head
    match
    toJSON
    ;
  inherit (import ../network/addresses.nix) special;

  optional = condition: message: if condition then [ message ] else [ ];
  isPort = number: builtins.isInt number && number > 0 && number < 65536;

  problemsOf =
    namespace: name:
    let
      inherit (namespaces.${namespace}) hostServices publish;
      at = "nsguard.namespaces.${namespace}";
      where = "${at}.hostServices.${name}";
      it = hostServices.${name};
      inside = other: if other.listenPort == null then other.port else other.listenPort;
      same = filter (other: other < name && inside hostServices.${other} == inside it) (
        attrNames hostServices
      );
      # What would lead from the host into the namespace and back to the host.
      led = filter (other: publish.${other}.protocol == "tcp" && publish.${other}.port == inside it) (
        attrNames publish
      );
    in
    optional (match "[a-zA-Z0-9][a-zA-Z0-9_-]{0,31}" name == null)
      "${where}: the name may have letters, digits, - and _, starts with a letter or digit, and has 32 characters at most; rename it"
    ++
      optional (it.port == null)
        "${where}.port: no port is set, and services.${name} names none; set ${where}.port = 8989; to the port on which the service listens"
    ++
      optional (it.port != null && !isPort it.port)
        "${where}.port: ${toJSON it.port} is no port; set ${where}.port = 8989; to the port on which the service listens"
    ++
      optional (it.listenPort != null && !isPort it.listenPort)
        "${where}.listenPort: ${toJSON it.listenPort} is no port; remove it, and the port inside is the service's own"
    ++ malformed "${where}.address" "[0-9.]+|[0-9a-fA-F:]+" ''"127.0.0.1" or "::1"'' it.address
    ++
      optional
        (match "[0-9.]+|[0-9a-fA-F:]+" it.address != null && special it.address != "a loopback address")
        "${where}.address: ${toJSON it.address} is no loopback address; remove it for 127.0.0.1, or use ${at}.allowedEgress for another host"
    ++
      optional (it.port != null && same != [ ])
        "${where}: port ${toString (inside it)} inside is also that of ${at}.hostServices.${head same}; set ${where}.listenPort to a free one"
    ++
      optional (it.port != null && led != [ ])
        "${where}: port ${toString (inside it)} inside is what ${at}.publish.${head led} publishes, and would lead back to the host; set ${where}.listenPort to a free one";
in
concatMap (
  namespace: concatMap (problemsOf namespace) (attrNames namespaces.${namespace}.hostServices)
) (attrNames namespaces)
