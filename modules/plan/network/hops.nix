# Tunnels through tunnels: in which namespace each tunnel's socket is.
{ namespaces, tunnels }:
let
  inherit (builtins) attrNames filter;

  via = name: tunnels.${name}.via or null;

  # The tunnels through which others go.
  carrying = attrNames (
    builtins.intersectAttrs (builtins.groupBy (name: name) (
      filter (name: name != null) (map (tunnel: tunnel.via) (builtins.attrValues tunnels))
    )) tunnels
  );

  holding = tunnel: filter (name: namespaces.${name}.tunnel or null == tunnel) (attrNames namespaces);

  homeless = filter (name: holding name == [ ]) carrying;
in
{
  # A tunnel needs a namespace to carry others. If none is defined, it gets one of its own name.
  added = builtins.listToAttrs (
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
  outer =
    name: if via name == null then null else builtins.head (holding (via name) ++ [ (via name) ]);

  # tunnel -> the circle that leads back to it, as text; null if there is none
  cycle =
    name:
    let
      follow =
        at: path:
        if at == null || !tunnels ? ${at} then
          null
        else if at == name then
          builtins.concatStringsSep " → " (path ++ [ at ])
        else if builtins.elem at path then
          null # a circle that this tunnel is not part of
        else
          follow (via at) (path ++ [ at ]);
    in
    follow (via name) [ name ];
}
