# Warnings of paths that a service binds and that no unit is known to make.
let
  inherit (builtins) match;
  inherit (import ../confinement/paths.nix) harmless;
  inherit (import ./problem.nix) messages;
  within = path: directory: path == directory || match "${directory}/.*" path != null;
in
# unowned: as ../confinement/owners.nix has it; madeOtherwise: paths that tmpfiles.d or a socket makes
{
  name,
  service,
  unowned,
  madeOtherwise,
}:
let
  # A service that depends on another by name needs no advice.
  advised =
    service.unitConfig ? BindsTo || service.unitConfig ? PartOf || service.unitConfig ? Requires;
  known = path: builtins.any (made: within made path || within path made) madeOtherwise;
  unknown = builtins.filter (path: match harmless path == null && !known path) unowned;
in
messages (
  map (path: {
    when = !advised;
    where = "systemd.services.${name}";
    what =
      "no unit of this configuration is known to create ${builtins.toJSON path}, which the service binds: it cannot"
      + " start while the path is missing (status 226), and keeps the old directory when the path is replaced";
    fix =
      "name the unit that creates it:"
      + " systemd.services.${name} = { after = [ \"….service\" ]; requires = [ \"….service\" ]; };";
  }) unknown
)
