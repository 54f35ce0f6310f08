# Warnings of paths that a service has bound in and that no unit is known to make.
let
  inherit (builtins)
    any
    filter
    match
    toJSON
    ;
  inherit (import ../confinement/paths.nix) harmless;
  within = path: directory: path == directory || match "${directory}/.*" path != null;
in
# unowned: as ../confinement/owners.nix has it; madeOtherwise: paths that tmpfiles.d or a socket makes
{
  name,
  service,
  unowned,
  madeOtherwise,
}:
map
  (
    path:
    "systemd.services.${name}: it has ${toJSON path} bound in, and no unit of this configuration is known to make it. The service does not start while it is missing (status 226), and keeps the old one when it is made anew. Name the unit that makes it: systemd.services.${name} = { after = [ \"….service\" ]; requires = [ \"….service\" ]; };"
  )
  (
    filter (
      path:
      match harmless path == null
      && !any (made: within path made || within made path) madeOtherwise
      # Whoever says so has thought of it.
      && !(service.unitConfig ? BindsTo || service.unitConfig ? PartOf || service.unitConfig ? Requires)
    ) unowned
  )
