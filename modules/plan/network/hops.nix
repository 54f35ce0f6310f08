# Tunnels through tunnels: whose socket is in which namespace.
{ namespaces, tunnels }:
let
  inherit (builtins)
    attrNames
    attrValues
    concatStringsSep
    elem
    filter
    head
    listToAttrs
    ;

  via = name: tunnels.${name}.via or null;

  # The tunnels that others go through.
  carrying = filter (name: builtins.any (tunnel: tunnel.via == name) (attrValues tunnels)) (
    attrNames tunnels
  );

  holding = tunnel: filter (name: namespaces.${name}.tunnel == tunnel) (attrNames namespaces);

  homeless = filter (name: holding name == [ ]) carrying;
in
{
  # A tunnel needs a namespace to carry others: one of its own and of its own name, where none is defined.
  added = listToAttrs (
    map (name: {
      inherit name;
      value = {
        tunnel = name;
      };
    }) (filter (name: !namespaces ? ${name}) homeless)
  );

  # Those whose name another namespace has.
  nameless = filter (name: namespaces ? ${name}) homeless;

  # tunnel -> the namespace that its socket is in, or null for the host's.
  outer = name: if via name == null then null else head (holding (via name) ++ [ (via name) ]);

  # tunnel -> the way round that leads back to it, as text; null if there is none
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
          null # a way round that this one only leads to
        else
          follow (via at) (path ++ [ at ]);
    in
    follow (via name) [ name ];
}
