# What can be planned and will hardly do what was meant, one sentence for each: where, what, and the line that mends it.
{ tunnels, ... }:
let
  inherit (builtins)
    any
    attrNames
    concatMap
    elemAt
    filter
    genList
    length
    match
    toJSON
    ;
  inherit (import ../network/addresses.nix) covers;

  optional = condition: message: if condition then [ message ] else [ ];

  # A file says what its tunnel carries when it is read.
  ofTunnel =
    name:
    let
      tunnel = tunnels.${name};
      where = "nsguard.tunnels.${name}";
      inherit (tunnel) peers;
      ranges = concatMap (peer: peer.allowedIPs) peers;
      uncovered = filter (resolver: !any (range: covers range resolver) ranges) tunnel.dns;
      single = resolver: "${resolver}/${if match ".*:.*" resolver == null then "32" else "128"}";
    in
    optional (!any (peer: peer.endpoint != null) peers)
      "${where}.peers: no peer has an endpoint, so the tunnel can begin nothing; set the endpoint of one"
    ++ concatMap (
      i:
      optional ((elemAt peers i).allowedIPs == [ ])
        ''${where}.peers.${toString i}.allowedIPs: it is empty, so nothing is sent to this peer; set allowedIPs = [ "0.0.0.0/0" "::/0" ];''
    ) (genList (i: i) (length peers))
    ++ map (
      resolver:
      "${where}.dns: no peer's allowedIPs cover ${toJSON resolver}, so this resolver gets no question; add ${toJSON (single resolver)} to those of a peer, or name another resolver"
    ) (if ranges == [ ] then [ ] else uncovered);
in
concatMap ofTunnel (filter (name: tunnels.${name}.configFile == null) (attrNames tunnels))
