# What is wrong with a specification, one sentence for each: where, what, and the line that mends it.
# Two empty lists mean that it can be planned: `services` and `others`.
{
  names,
  allowedEgress,
  hostLinks,
}:
{
  namespaces,
  tunnels,
  services,
  userServices,
  instances,
  metrics,
  apps,
}:
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    elem
    filter
    length
    match
    stringLength
    substring
    toJSON
    ;

  inherit (import ../combine.nix) prefixed;
  addresses = import ../network/addresses.nix;
  inherit (addresses) network;
  hops = import ../network/hops.nix { inherit namespaces tunnels; };

  optional = condition: message: if condition then [ message ] else [ ];

  oneOf =
    set: if set == { } then "none is defined" else "defined: ${concatStringsSep ", " (attrNames set)}";

  # The other names with the same value.
  sharing =
    value: set: name:
    filter (other: other != name && value other == value name) (attrNames set);

  # A path without quotes is copied to the store when it is used, where every user of the machine can read it.
  inStore =
    path:
    builtins.isPath path
    || path != null && substring 0 (stringLength builtins.storeDir) path == builtins.storeDir;

  stored =
    where: path:
    optional (inStore path) ''${where}: ${toJSON (toString path)} would be in the Nix store, which everybody can read; write the path of a file that is put in place at run time, in quotes: ${where} = "/run/secrets/…";'';

  key = "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=";
  address = "[0-9.]+(/[0-9]{1,2})?|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(/[0-9]{1,3})?";
  endpoint = "([^]:/[:space:]]+|\\[[0-9a-fA-F:.]+]):[0-9]{1,5}";

  malformed =
    where: pattern: example: value:
    optional (
      value != null && match pattern value == null
    ) "${where}: ${toJSON value} is malformed; write it like ${example}";

  # Addresses that name no single other host.
  nowhere =
    where: remedy:
    concatMap (
      text:
      optional (
        addresses.special text != ""
      ) "${where}: ${toJSON text} is ${addresses.special text}, ${remedy}"
    );

  account = "[a-zA-Z_][a-zA-Z0-9_-]{0,30}";

  runProblems =
    where: name: ns:
    optional (names.runs ns && match account (names.runGroup name ns) == null)
      ''${where}.group: ${toJSON (names.runGroup name ns)} cannot name a group, which has 31 letters, digits, - and _ at most; set ${where}.group = "vpn";''
    ++
      optional (ns.group == "root" || elem "root" ns.users)
        "${where}.users: root is not let in, since commands run as ordinary users; name those who are to run them"
    ++ concatMap (malformed "${where}.users" account ''"alice"'') (
      filter (user: user != "root") ns.users
    );

  forwardingProblems =
    where: wanted:
    malformed "${where}.protocol" "nat-pmp|pcp" ''"nat-pmp" or "pcp"'' wanted.protocol
    ++ malformed "${where}.gateway" "[0-9]{1,3}([.][0-9]{1,3}){3}" ''"10.2.0.1"'' wanted.gateway
    ++
      malformed "${where}.client" "qbittorrent|transmission" ''"qbittorrent" or "transmission"''
        wanted.client
    ++
      malformed "${where}.clientUrl" "http://[^[:space:]]+" ''"http://127.0.0.1:8080"''
        wanted.clientUrl
    ++ stored "${where}.clientCredentialsFile" wanted.clientCredentialsFile
    ++ optional (
      wanted.protocols == [ ]
      ||
        filter (
          p:
          !elem p [
            "tcp"
            "udp"
          ]
        ) wanted.protocols != [ ]
    ) ''${where}.protocols: ${toJSON wanted.protocols} must be "tcp", "udp" or both''
    ++
      optional (wanted.onChange != null && prefixed "+!" wanted.onChange)
        "${where}.onChange: ${toJSON wanted.onChange} would run with full privileges because of its prefix; remove the + or !";

  namespaceProblems =
    name:
    let
      ns = namespaces.${name};
      where = "nsguard.namespaces.${name}";
      others = sharing (n: namespaces.${n}.tunnel) namespaces name;
      inherit (ns) portForwarding;
      asked = "${where}.portForwarding";
    in
    forwardingProblems asked portForwarding
    ++ allowedEgress.problems {
      inherit where malformed optional;
      exceptions = ns.allowedEgress;
      taken =
        let
          tunnel =
            tunnels.${ns.tunnel} or {
              ips = [ ];
              dns = [ ];
            };
        in
        map (ip: builtins.head (match "([^/]*).*" ip)) tunnel.ips ++ tunnel.dns;
    }
    ++
      optional (match "[a-zA-Z0-9][a-zA-Z0-9_-]{0,31}" name == null)
        "${where}: the name may have letters, digits, - and _, starts with a letter or digit, and has 32 characters at most; rename it"
    ++ runProblems where name ns
    ++ (
      if !tunnels ? ${ns.tunnel} then
        [
          "${where}.tunnel: there is no tunnel ${toJSON ns.tunnel} (${oneOf tunnels}); define nsguard.tunnels.${ns.tunnel} or name another"
        ]
      else
        # Said once, by the first of those that share it.
        optional (others != [ ] && name < builtins.head others)
          "${where}.tunnel: tunnel ${toJSON ns.tunnel} is also that of nsguard.namespaces.${concatStringsSep ", nsguard.namespaces." others}, and two ends with one key cut each other off; define a tunnel for each, or put the services into one namespace"
    );

  # A peer's endpoint without its port, in a list; nothing where there is none, or where it is malformed.
  hostsOf =
    peer:
    let
      found = if peer.endpoint == null then null else match "\\[?([^]]*)]?:[0-9]+" peer.endpoint;
    in
    if found == null then [ ] else found;

  peerProblems =
    where: peer:
    stored "${where}.presharedKeyFile" peer.presharedKeyFile
    ++ malformed "${where}.publicKey" key "the 44 characters that `wg pubkey` prints" peer.publicKey
    ++ nowhere "${where}.endpoint" "where no peer can be; write the peer's own address" (hostsOf peer)
    ++
      malformed "${where}.endpoint" endpoint ''"vpn.example.org:51820" or "[2001:db8::1]:51820"''
        peer.endpoint
    ++ concatMap (malformed "${where}.allowedIPs" address ''"0.0.0.0/0"'') peer.allowedIPs;

  tunnelProblems =
    name:
    let
      tunnel = tunnels.${name};
      where = "nsguard.tunnels.${name}";
      typed =
        filter
          (
            option:
            !elem tunnel.${option} [
              null
              false
              [ ]
            ]
          )
          [
            "ips"
            "privateKeyFile"
            "generatePrivateKeyFile"
            "peers"
          ];
      ranges = concatMap (peer: peer.allowedIPs) tunnel.peers;
      same = one: other: one == other || network one != null && network one == network other;
      repeated = filter (range: length (filter (same range) ranges) > 1) ranges;
    in
    optional (tunnel.via != null && !tunnels ? ${tunnel.via})
      "${where}.via: there is no tunnel ${toJSON tunnel.via} (${oneOf tunnels}); define nsguard.tunnels.${tunnel.via} or name another"
    ++
      optional (hops.cycle name != null)
        "${where}.via: ${hops.cycle name} goes round in a circle, and nothing would ever leave; let one of them go by the host"
    ++ optional (elem name hops.nameless) "${where}: tunnels go through it, and the namespace for that would be called ${toJSON name}, as another is; define nsguard.namespaces.<name>.tunnel = ${toJSON name}; with a name of its own"
    ++ stored "${where}.configFile" tunnel.configFile
    ++ stored "${where}.privateKeyFile" tunnel.privateKeyFile
    ++ malformed "${where}.type" "wireguard|amneziawg" ''"wireguard" or "amneziawg"'' tunnel.type
    ++
      malformed "${where}.implementation" "auto|kernel|userspace" ''"auto", "kernel" or "userspace"''
        tunnel.implementation
    ++ malformed "${where}.fwMark" "0x[0-9a-fA-F]{1,8}|[1-9][0-9]{0,9}" ''"0x51820"'' tunnel.fwMark
    ++ concatMap (malformed "${where}.ips" address ''"10.66.0.2/32"'') tunnel.ips
    ++ concatMap (malformed "${where}.dns" "[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*"
      ''"10.66.0.1"''
    ) tunnel.dns
    ++ nowhere "${where}.ips" "which no tunnel has; write the address that the provider gave you" (
      map (ip: builtins.head (match "([^/]*).*" ip)) tunnel.ips
    )
    ++
      nowhere "${where}.dns" "where no resolver answers through the tunnel; write the provider's resolver"
        tunnel.dns
    ++ concatMap (i: peerProblems "${where}.peers.${toString i}" (builtins.elemAt tunnel.peers i)) (
      builtins.genList (i: i) (length tunnel.peers)
    )
    ++
      optional (repeated != [ ])
        "${where}.peers: ${toJSON (builtins.head repeated)} is among the allowedIPs of two peers, and WireGuard would give it to the last alone; leave it with one"
    ++ (
      if tunnel.configFile != null then
        optional (typed != [ ])
          "${where}: configFile holds the whole tunnel, so ${concatStringsSep ", " typed} beside it would be ignored; remove either"
      else
        optional (tunnel.type == "amneziawg")
          ''${where}.type: what AmneziaWG's packets are to look like stands in a file; set configFile = "/run/secrets/${name}.conf";''
        ++
          optional (tunnel.privateKeyFile == null)
            ''${where}: there is no key; set configFile = "/run/secrets/${name}.conf"; or privateKeyFile = "/run/secrets/${name}.key";''
        ++
          optional (tunnel.ips == [ ])
            ''${where}.ips: the tunnel has no address; set ips = [ "10.66.0.2/32" ]; to what your provider gave you''
        ++
          optional (tunnel.peers == [ ])
            ''${where}.peers: there is nobody to talk to; set peers = [ { publicKey = "…"; endpoint = "…:51820"; allowedIPs = [ "0.0.0.0/0" "::/0" ]; } ];''
    );

  ofService = import ./service.nix { inherit namespaces oneOf; };

  appProblems =
    let
      problemsOf = import ./app.nix {
        inherit namespaces oneOf;
        presets = import ../units/presets.nix;
      };
    in
    name:
    let
      app = apps.${name};
      at = "nsguard.apps.${name}.extraServiceConfig";
    in
    problemsOf name app
    ++ ofService.ofBinds at {
      serviceConfig = app.extraServiceConfig;
      bindPaths = app.readWritePaths;
    }
    ++ ofService.prefixes at "" app.extraServiceConfig;

  marked = filter (n: tunnels ? ${namespaces.${n}.tunnel}) (attrNames namespaces);
  markOf =
    n:
    let
      own = tunnels.${namespaces.${n}.tunnel}.fwMark;
    in
    if own == null then names.fwMark n else own;
  clashing = filter (
    n:
    filter (o: o < n && markOf o == markOf n && namespaces.${o}.tunnel != namespaces.${n}.tunnel) marked
    != [ ]
  ) marked;
in
{
  services =
    concatMap (name: ofService.problems name services.${name}) (attrNames services)
    ++ concatMap ofService.ofUser userServices
    ++ concatMap (name: ofService.ofInstance name instances.${name}) (attrNames instances);

  # What does not keep a service from being confined, and will keep it from working.
  warnings =
    makers: concatMap (name: ofService.warnings makers name services.${name}) (attrNames services);

  others =
    concatMap namespaceProblems (attrNames namespaces)
    ++ import ./publish.nix { inherit namespaces malformed hostLinks; }
    ++ concatMap tunnelProblems (attrNames tunnels)
    ++
      malformed "nsguard.metrics.textfile" "(/[a-zA-Z0-9._-]+)+\\.prom"
        ''"/var/lib/prometheus-node-exporter/nsguard.prom"''
        metrics.textfile
    ++ concatMap appProblems (attrNames apps)
    ++ map (
      n:
      "nsguard.tunnels.${namespaces.${n}.tunnel}.fwMark: ${toJSON (markOf n)} is also the mark of another tunnel; set fwMark to a number of its own"
    ) clashing;
}
