# What can be planned and will not do what it should: tunnels that carry less, ways to the host that lead back inside.
{
  namespaces,
  services,
  tunnels,
  ...
}:
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
  inherit (import ./problem.nix) messages;

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
    [
      {
        when = !any (peer: peer.endpoint != null) peers;
        where = "${where}.peers";
        what = "no peer has an endpoint, so the tunnel cannot start a handshake";
        fix = "set the endpoint of a peer";
      }
    ]
    ++ genList (i: {
      when = (elemAt peers i).allowedIPs == [ ];
      where = "${where}.peers.${toString i}.allowedIPs";
      what = "the list is empty, so nothing is sent to this peer";
      fix = ''set allowedIPs = [ "0.0.0.0/0" "::/0" ];'';
    }) (length peers)
    ++ map (resolver: {
      when = ranges != [ ];
      where = "${where}.dns";
      what = "no peer's allowedIPs cover ${toJSON resolver}, so this resolver gets no queries";
      fix = "add ${toJSON (single resolver)} to the allowedIPs of a peer, or name another resolver";
    }) uncovered;

  # Both would listen at one port inside, and only one can.
  ofNamespace =
    name:
    map (service: {
      when = (services.${service} or { namespace = null; }).namespace == name;
      where = "nsguard.namespaces.${name}.hostServices.${service}";
      what = "${service}.service is confined to this namespace itself, where the others reach it at its own port";
      fix = "remove it";
    }) (attrNames namespaces.${name}.hostServices);

  # The runtime reads configFile, and warns of the same.
  typed = filter (name: tunnels.${name}.configFile == null) (attrNames tunnels);
in
messages (concatMap ofTunnel typed ++ concatMap ofNamespace (attrNames namespaces))
