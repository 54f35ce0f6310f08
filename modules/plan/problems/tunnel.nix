# What is wrong with a tunnel -> problems
{ tunnels, hops }:
let
  inherit (builtins)
    concatMap
    elem
    filter
    head
    length
    match
    toJSON
    ;
  inherit (import ./problem.nix)
    isPath
    keyItself
    malformed
    secretFile
    unknown
    unset
    ;
  addresses = import ../network/addresses.nix;
  inherit (addresses) network;

  key = "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=";
  address = "[0-9.]+(/[0-9]{1,2})?|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(/[0-9]{1,3})?";
  resolver = "[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*";
  endpoint = "([^]:/[:space:]]+|\\[[0-9a-fA-F:.]+]):[0-9]{1,5}";

  withoutPrefix = address: head (match "([^/]*).*" address);

  # Addresses that name no single other host.
  unusable =
    where: why: fix:
    map (text: {
      when = addresses.special text != "";
      inherit where fix;
      what = "${toJSON text} is ${addresses.special text}, ${why}";
    });

  # A peer's endpoint without its port, in a list; an empty one if there is none, or it is malformed.
  hostOf =
    peer:
    let
      groups = if peer.endpoint == null then null else match "\\[?([^]]*)]?:[0-9]+" peer.endpoint;
    in
    if groups == null then [ ] else groups;

  peerProblems =
    where: peer:
    [
      (secretFile "${where}.presharedKeyFile" peer.presharedKeyFile)
      (keyItself "${where}.presharedKey" peer.presharedKey)
      (unset "${where}.publicKey" peer.publicKey
        "\"…\"; with the 44 characters that your provider gave you"
      )
      (malformed "${where}.publicKey" key "the 44 characters that `wg pubkey` prints" peer.publicKey)
    ]
    ++ unusable "${where}.endpoint" "which no peer can have" "write the peer's own address" (
      hostOf peer
    )
    ++ [
      (malformed "${where}.endpoint" endpoint ''"vpn.example.org:51820" or "[2001:db8::1]:51820"''
        peer.endpoint
      )
    ]
    ++ map (malformed "${where}.allowedIPs" address ''"0.0.0.0/0"'') peer.allowedIPs;

  # What a tunnel lacks that options describe, and not a file.
  missing = name: tunnel: where: [
    {
      when = tunnel.type == "amneziawg";
      where = "${where}.type";
      what = "the options have no names for AmneziaWG's parameters";
      fix = ''set configFile = "/run/secrets/${name}.conf";'';
    }
    {
      when = tunnel.privateKeyFile == null && tunnel.privateKey == null;
      inherit where;
      what = "the tunnel has no key";
      fix = ''set configFile = "/run/secrets/${name}.conf"; or privateKeyFile = "/run/secrets/${name}.key";'';
    }
    {
      when = tunnel.ips == [ ];
      where = "${where}.ips";
      what = "the tunnel has no address";
      fix = ''set ips = [ "10.66.0.2/32" ]; with the address that your provider gave you'';
    }
    {
      when = tunnel.peers == [ ];
      where = "${where}.peers";
      what = "the tunnel has no peer";
      fix = ''set peers = [ { publicKey = "…"; endpoint = "…:51820"; allowedIPs = [ "0.0.0.0/0" "::/0" ]; } ];'';
    }
  ];

  describing = [
    "ips"
    "privateKeyFile"
    "generatePrivateKeyFile"
    "peers"
  ];
in
name:
let
  tunnel = tunnels.${name};
  where = "nsguard.tunnels.${name}";
  isSet =
    option:
    !elem tunnel.${option} [
      null
      false
      [ ]
    ];
  ignored = filter isSet describing;
  # Another message reports a tunnel through itself.
  others = if tunnel.via == name then tunnels else removeAttrs tunnels [ name ];
  # Only earlier tunnels, so that each pair is reported once.
  ofSameFile = filter (
    other: other < name && isPath tunnel.configFile && tunnels.${other}.configFile == tunnel.configFile
  ) (builtins.attrNames tunnels);
  ranges = concatMap (peer: peer.allowedIPs) tunnel.peers;
  same = left: right: left == right || network left != null && network left == network right;
  repeated = filter (range: length (filter (same range) ranges) > 1) ranges;
in
[
  (
    unknown "${where}.via" "tunnel" "nsguard.tunnels" others tunnel.via
    // (
      if others == { } then
        { what = "there is no tunnel ${toJSON tunnel.via} (no other is defined)"; }
      else
        { }
    )
  )
  {
    when = hops.cycle name != null;
    where = "${where}.via";
    what = "${hops.cycle name} is a circle, so no packet would ever leave the machine";
    fix = "remove via from one of these tunnels";
  }
  {
    when = elem name hops.nameless;
    inherit where;
    what = "tunnels go through it, and the namespace made for that would be called ${toJSON name}, a name in use";
    fix = "define nsguard.namespaces.<name>.tunnel = ${toJSON name}; under another name";
  }
  (secretFile "${where}.configFile" tunnel.configFile)
  {
    when = ofSameFile != [ ];
    where = "${where}.configFile";
    what =
      "${toJSON (toString tunnel.configFile)} is also the file of nsguard.tunnels.${head ofSameFile},"
      + " and two links with the same key cut each other off";
    fix = "get a file with another key for each tunnel, or put the services into one namespace";
  }
  (secretFile "${where}.privateKeyFile" tunnel.privateKeyFile)
  (keyItself "${where}.privateKey" tunnel.privateKey)
  (malformed "${where}.type" "wireguard|amneziawg" ''"wireguard" or "amneziawg"'' tunnel.type)
  (malformed "${where}.implementation" "auto|kernel|userspace" ''"auto", "kernel" or "userspace"''
    tunnel.implementation
  )
  (malformed "${where}.fwMark" "0x[1-9a-f][0-9a-f]{0,7}"
    ''"0x51820", with digits in lower case and no zero in front''
    tunnel.fwMark
  )
]
++ map (malformed "${where}.ips" address ''"10.66.0.2/32"'') tunnel.ips
++ map (malformed "${where}.dns" resolver ''"10.66.0.1"'') tunnel.dns
++
  unusable "${where}.ips" "which no tunnel can have" "write the address that your provider gave you"
    (map withoutPrefix tunnel.ips)
++
  unusable "${where}.dns" "where no resolver answers through the tunnel"
    "write the provider's resolver"
    tunnel.dns
++ concatMap (i: peerProblems "${where}.peers.${toString i}" (builtins.elemAt tunnel.peers i)) (
  builtins.genList (i: i) (length tunnel.peers)
)
++ [
  {
    when = repeated != [ ];
    where = "${where}.peers";
    what = "${toJSON (head repeated)} is in the allowedIPs of two peers, and WireGuard would route it to the last only";
    fix = "keep it in one of them";
  }
]
++ (
  if tunnel.configFile == null then
    missing name tunnel where
  else
    [
      {
        when = ignored != [ ];
        inherit where;
        what = "configFile describes the whole tunnel, so ${builtins.concatStringsSep ", " ignored} would be ignored";
        fix = "remove one of the two";
      }
    ]
)
