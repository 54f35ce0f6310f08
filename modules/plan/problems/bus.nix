# What is wrong with the part of a bus that an app or a service is granted, one sentence for each.
let
  inherit (builtins)
    concatMap
    elem
    match
    toJSON
    ;

  optional = condition: message: if condition then [ message ] else [ ];

  # Each of them works for its callers outside the namespace, whatever it is asked for.
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
  isOpen = talk: elem talk open || match "org\\.gtk\\.vfs.*|org\\.mozilla\\..*|.*\\*" talk != null;
in
# at: where the options stand; bus: { access; talk; }
at: bus:
optional (bus.talk != [ ] && bus.access != "filtered")
  ''${at}.talk: names are granted on a filtered bus alone; set ${at}.access = "filtered"; or remove them''
++ concatMap (
  talk:
  optional (
    match "[A-Za-z_][A-Za-z0-9_-]*(\\.[A-Za-z_][A-Za-z0-9_-]*)+(\\.\\*)?" talk == null
  ) ''${at}.talk: ${toJSON talk} is no name on a bus; write it like "org.freedesktop.Notifications"''
  ++ optional (isOpen talk) ''${at}.talk: whoever talks to ${toJSON talk} has it work outside the namespace; remove it, or accept that with ${at}.access = "host";''
) bus.talk
