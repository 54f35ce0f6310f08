# Tunnels that can be planned but will not carry all the traffic that they should, and options that do nothing.
{ namespaces, tunnels, ... }:
let
  inherit (builtins)
    any
    attrNames
    concatMap
    filter
    match
    toJSON
    ;
  inherit (import ../network/addresses.nix) covers;
  inherit (import ./problem.nix) messages;

  holding = tunnel: filter (name: namespaces.${name}.tunnel == tunnel) (attrNames namespaces);
  through = tunnel: filter (name: tunnels.${name}.via == tunnel) (attrNames tunnels);

  # Whether a peer's endpoint is a name, which is looked up where the tunnel's socket is.
  isNamed = peer: peer.endpoint != null && match "[0-9.]+:[0-9]+|\\[.*" peer.endpoint == null;

  # Whether nothing in a namespace can look up a name, although something may want to. A namespace of its tunnel's name
  # may only carry other tunnels.
  lacksNames =
    tunnel: name:
    namespaces.${name}.hosts == { }
    && (
      name != tunnel
      || through tunnel == [ ]
      || any (other: any isNamed tunnels.${other}.peers) (through tunnel)
    );

  ofTunnel =
    name:
    let
      tunnel = tunnels.${name};
      where = "nsguard.tunnels.${name}";
      inherit (tunnel) peers;
      ranges = concatMap (peer: peer.allowedIPs) peers;
      uncovered = filter (resolver: !any (range: covers range resolver) ranges) tunnel.dns;
      single = resolver: "${resolver}/${if builtins.match ".*:.*" resolver == null then "32" else "128"}";
    in
    [
      {
        when = !any (peer: peer.endpoint != null) peers;
        where = "${where}.peers";
        what = "no peer has an endpoint, so the tunnel cannot start a handshake";
        fix = "set the endpoint of a peer";
      }
    ]
    ++ map (ns: {
      where = "${where}.dns";
      what = "no resolver is set, so no names are looked up in nsguard.namespaces.${ns}";
      fix =
        ''set ${where}.dns = [ "10.64.0.1" ]; with the resolver that your provider gave you,''
        + " or write the names that are needed into nsguard.namespaces.${ns}.hosts";
    }) (if tunnel.dns == [ ] then filter (lacksNames name) (holding name) else [ ])
    ++ builtins.genList (i: {
      when = (builtins.elemAt peers i).allowedIPs == [ ];
      where = "${where}.peers.${toString i}.allowedIPs";
      what = "the list is empty, so nothing is sent to this peer";
      fix = ''set allowedIPs = [ "0.0.0.0/0" "::/0" ];'';
    }) (builtins.length peers)
    ++ map (resolver: {
      when = ranges != [ ];
      where = "${where}.dns";
      what = "no peer's allowedIPs cover ${toJSON resolver}, so this resolver gets no queries";
      fix = "add ${toJSON (single resolver)} to the allowedIPs of a peer, or name another resolver";
    }) uncovered;

  # The runtime reads configFile, and warns of the same.
  typed = filter (name: tunnels.${name}.configFile == null) (attrNames tunnels);

  unused = name: {
    when = holding name == [ ];
    where = "nsguard.tunnels.${name}";
    what = "no namespace uses it, so it is never set up";
    fix = "define nsguard.namespaces.<name>.tunnel = ${toJSON name}; or remove it";
  };
in
messages (
  concatMap ofTunnel typed
  ++ map unused (attrNames tunnels)
  ++ import ./firewall.nix { inherit namespaces; }
)
