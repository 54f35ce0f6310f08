# Tunnels that can be planned but will not carry all the traffic that they should, and options that do nothing.
{ namespaces, tunnels, ... }:
let
  inherit (builtins)
    any
    concatMap
    filter
    toJSON
    ;
  inherit (import ../network/addresses.nix) covers;
  inherit (import ./problem.nix) messages;

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
  typed = filter (name: tunnels.${name}.configFile == null) (builtins.attrNames tunnels);
in
messages (concatMap ofTunnel typed ++ import ./firewall.nix { inherit namespaces; })
