# PrivateUsers= of a confined service, at least as strong as the unit's own value.
{ service, capabilities }:
let
  inherit (builtins) elem;
  inherit (import ../combine.nix) atLeast yes;

  # With "identity" every user keeps its number, so the service can own files of several users. It maps numbers
  # up to 65535 only (systemd.exec(5), PrivateUsers=); a service whose user is above would fail with status 217.
  isHigh = service.uid or null != null && service.uid > 65535;
  own = atLeast [
    (yes ++ [ "self" ])
    [ "identity" ]
  ] (if isHigh then "self" else "identity");

  # systemd denies setgroups(2) with every value but "full", which systemd 258 introduced (setup_private_users in its
  # exec-invoke.c). An earlier one ignores a value that it does not know, and the line before it remains in force.
  setsGroups = elem "CAP_SETGID" capabilities && service.systemdVersion or 0 >= 258;
in
unit:
let
  value = own unit;
in
if setsGroups && value == "identity" then
  [
    "identity"
    "full"
  ]
else
  value
