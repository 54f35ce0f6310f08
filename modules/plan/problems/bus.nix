# What is wrong with the names that an app or a service may call on a bus.
# option: the bus, in full; bus: { access; talk; } -> problems
let
  inherit (builtins) match toJSON;
  inherit (import ./problem.nix) onlyFiltered;

  # Each of them acts outside the namespace for its callers, whatever they request.
  open = [
    "org.freedesktop.systemd1"
    "org.freedesktop.resolve1"
    "org.freedesktop.NetworkManager"
    "org.freedesktop.network1"
    "org.freedesktop.Avahi"
    "org.freedesktop.Flatpak"
    "org.freedesktop.PackageKit"
    "org.freedesktop.machine1"
    "org.freedesktop.portal.Desktop"
    "org.freedesktop.DBus"
  ];
  isOpen =
    talk: builtins.elem talk open || match "org\\.gtk\\.vfs.*|org\\.mozilla\\..*|.*\\*" talk != null;
  isName = talk: match "[A-Za-z_][A-Za-z0-9_-]*(\\.[A-Za-z_][A-Za-z0-9_-]*)+(\\.\\*)?" talk != null;
in
option: bus:
let
  where = "${option}.talk";
in
[ (onlyFiltered option "talk" bus) ]
++ builtins.concatMap (talk: [
  {
    when = !isName talk;
    inherit where;
    what = "${toJSON talk} is not a bus name";
    fix = ''write it like "org.freedesktop.Notifications"'';
  }
  {
    when = isOpen talk;
    inherit where;
    what = "${toJSON talk} acts outside the namespace for every program that may call it";
    fix = ''remove it, or accept that with ${option}.access = "host";'';
  }
]) bus.talk
