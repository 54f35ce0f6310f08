# Tunnels through tunnels: in which namespace each tunnel's socket is.
{ namespaces, tunnels }:
let
  inherit (builtins)
    attrNames
    attrValues
    concatStringsSep
    elem
    filter
    head
    intersectAttrs
    listToAttrs
    ;

  via = name: tunnels.${name}.via or null;

  # The tunnels through which others go.
  carrying = attrNames (
    intersectAttrs (builtins.groupBy (name: name) (
      filter (name: name != null) (map (tunnel: tunnel.via) (attrValues tunnels))
    )) tunnels
  );

  holding = tunnel: filter (name: namespaces.${name}.tunnel == tunnel) (attrNames namespaces);

  homeless = filter (name: holding name == [ ]) carrying;
in
{
  # A tunnel needs a namespace to carry others. If none is defined, it gets one of its own name.
  added = listToAttrs (
    map (name: {
      inherit name;
      value = {
        tunnel = name;
      };
    }) (filter (name: !namespaces ? ${name}) homeless)
  );

  # Tunnels whose name another namespace has.
  nameless = filter (name: namespaces ? ${name}) homeless;

  # tunnel -> the namespace of its socket, or null for the host's
  outer = name: if via name == null then null else head (holding (via name) ++ [ (via name) ]);

  # tunnel -> the circle that leads back to it, as text; null if there is none
  cycle =
    name:
    let
      follow =
        at: path:
        if at == null || !tunnels ? ${at} then
          null
        else if at == name then
          concatStringsSep " → " (path ++ [ at ])
        else if elem at path then
          null # a circle that this tunnel is not part of
        else
          follow (via at) (path ++ [ at ]);
    in
    follow (via name) [ name ];
}
