# A specification with all defaults, and with the namespaces that tunnels through tunnels need (./network/hops.nix).
let
  inherit (builtins) mapAttrs;
  defaults = import ./defaults.nix;
  presets = import ./units/presets.nix;
  inherit (import ./confinement/homes.nix) homesOf;
  shownBy = import ./confinement/shown.nix;
  uidOf = import ./confinement/user.nix;
  whyNoOwnProcesses = import ./confinement/own-processes.nix;
  hopsOf = import ./network/hops.nix;

  # Fills in the defaults of an app or a service, whose options are grouped. Free-form options have no defaults inside.
  merged =
    default: given:
    default
    // mapAttrs (
      name: value:
      if builtins.isAttrs value && default.${name} or { } != { } then
        merged default.${name} value
      else
        value
    ) given;
in
specification:
let
  namespaces = specification.namespaces or { };
  given = specification.accounts or { };
  # NixOS's accounts have their other paths already.
  accounts =
    if specification ? binds then
      shownBy specification.binds ({ root.home = "/root"; } // given)
    else
      given;
  tunnels = mapAttrs (
    _: tunnel:
    let
      whole = defaults.tunnel // tunnel;
    in
    whole // { peers = map (peer: defaults.peer // peer) whole.peers; }
  ) (specification.tunnels or { });
in
{
  namespaces = mapAttrs (
    _: ns:
    defaults.namespace
    // ns
    // {
      portForwarding = defaults.portForwarding // ns.portForwarding or { };
      publish = mapAttrs (_: published: defaults.published // published) (ns.publish or { });
      hostLink = defaults.hostLink // ns.hostLink or { };
      tunnelPorts = defaults.tunnelPorts // ns.tunnelPorts or { };
      allowedEgress = mapAttrs (_: exception: defaults.exception // exception) (ns.allowedEgress or { });
      # No tunnel has this name.
      tunnel = if ns.tunnel or null == null then "" else ns.tunnel;
      hostServices = mapAttrs (_: service: defaults.hostService // service) (ns.hostServices or { });
    }
  ) (namespaces // (hopsOf { inherit namespaces tunnels; }).added);
  inherit accounts tunnels;
  services = mapAttrs (
    name: service:
    let
      whole = merged (merged defaults.service {
        hardening.ownProcesses = whyNoOwnProcesses (service.serviceConfig or { }) == null;
      }) service;
    in
    whole
    // {
      homes = homesOf accounts "${name}.service" whole;
      uid = uidOf accounts whole.serviceConfig;
    }
  ) (specification.services or { });
  userServices = specification.userServices or [ ];
  # Settings of single instances of confined templates: name -> { template; properties; }
  instances = specification.instances or { };
  metrics = defaults.metrics // specification.metrics or { };
  known = defaults.known // specification.known or { };
  apps = mapAttrs (
    name: app:
    merged (merged defaults.app (
      (presets.${toString (app.preset or null)} or { }).app or (_: { }) name
    )) app
  ) (specification.apps or { });
}
