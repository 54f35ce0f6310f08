# The units of `allowedEgress` (kind "egress") or `hostServices` (kind "host") in a plan: their names, and the one of
# an entry of the namespace vpn, by its suffix.
kind: planned:
let
  matching = pattern: builtins.filter (name: builtins.match pattern name != null);
  named = matching "nsguard-${kind}-.*" (builtins.attrNames planned.units);
in
{
  inherit named;
  unit =
    suffix: entry:
    planned.units.${builtins.head (matching "nsguard-${kind}-vpn@${entry}-[0-9a-f]{6}[.]${suffix}" named)};
}
