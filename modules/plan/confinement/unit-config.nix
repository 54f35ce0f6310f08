# What a confined unit needs and what it starts after, besides its own lines: its namespace, its tunnel, and the units
# that own directories which it binds.
#
# a service -> directive -> its own value -> value
{ dependencies, names }:
let
  inherit (builtins) filter mapAttrs;
  inherit (import ../combine.nix) append unique words;
in
{
  namespace,
  waitForHandshake ? null,
  requires ? [ ],
  owners ? {
    needs = [ ];
    wants = [ ];
  },
  unitConfig,
  wantedBy ? [ ],
  ...
}:
let
  own = dependencies.directives "service" namespace;
  # The tunnel waits for these units, and the service for the tunnel. If these units also waited for the service, as
  # they do for nixpkgs' resolvers and searx, systemd would leave one of the three out of the boot. A target waits for
  # the units that it wants, unless they wait for the target (systemd.target(5)).
  early = filter (unit: builtins.elem unit dependencies.awaited);
  awaited = unique (early (words (unitConfig.Before or [ ]) ++ wantedBy));
  tunnel = [ (names.tunnelUnit namespace) ];
  # A unit of its own waits for the handshake: inside the confinement nothing may ask WireGuard, and even a command
  # with a + prefix sees the service's /run.
  handshake =
    if waitForHandshake == null then
      [ ]
    else
      [ (names.handshakeUnit namespace (toString waitForHandshake)) ];
in
mapAttrs (_: append) (
  own
  // {
    Wants = tunnel ++ owners.wants;
    Requires = own.Requires or [ ] ++ handshake ++ requires ++ owners.needs;
    After =
      own.After or [ ] ++ tunnel ++ handshake ++ requires ++ owners.needs ++ owners.wants ++ awaited;
  }
)
// {
  Before =
    own: if awaited == [ ] then own else filter (unit: !builtins.elem unit awaited) (words own);
}
