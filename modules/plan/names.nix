# Every name that nsguard gives to something, as functions of the namespace's name.
let
  inherit (builtins) head match;
  inherit (import ./combine.nix) isDynamic;

  digest = name: builtins.hashString "sha256" name;

  # What it is, is in the name: nixos-rebuild switch leaves a changed socket as it is, and takes this for another.
  wayOutUnit =
    kind: ns: name: target:
    "nsguard-${kind}-${ns}@${name}-${builtins.substring 0 6 (digest (builtins.toJSON target))}";

  isTemplate = service: match ".*@" service != null;
in
{
  # The link inside the namespace. There is one tunnel in each, so the name need not tell them apart.
  interface = "wg0";

  netnsUnit = ns: "nsguard-netns-${ns}.service";
  tunnelUnit = ns: "nsguard-tunnel-${ns}.service";
  userspaceUnit = ns: "nsguard-userspace-${ns}.service";
  mendUnit = ns: "nsguard-mend-${ns}.service";
  runUnit = ns: "nsguard-run-${ns}";
  refreshUnit = ns: "nsguard-refresh-${ns}";
  # The files are in the name: nixos-rebuild switch leaves a changed path unit as it is, and takes this for another.
  secretsUnit =
    ns: files: "nsguard-secrets-${ns}-${builtins.substring 0 6 (digest (builtins.toJSON files))}.path";

  # A template: its instance is the seconds to wait.
  handshakeUnit = ns: seconds: "nsguard-handshake-${ns}@${seconds}.service";
  # A template: its instance is the service that is started once a peer answers.
  latePrefix = ns: "nsguard-late-${ns}@";
  lateUnit = ns: "nsguard-late-${ns}@.service";
  forwardUnit = ns: "nsguard-forward-${ns}.service";
  forwardedUnit = ns: "nsguard-forwarded-${ns}.service";

  # Its addresses are in the name: nixos-rebuild switch leaves a changed socket as it is, and knows this for another.
  publishUnit =
    ns: name: published:
    "nsguard-publish-${ns}@${name}-${
      builtins.substring 0 6 (
        digest (
          builtins.toJSON (
            {
              inherit (published) listen group mode;
            }
            // (if published.from == null then { } else { inherit (published) from; })
          )
        )
      )
    }";
  egressUnit = wayOutUnit "egress";
  hostServiceUnit = wayOutUnit "host";

  netns = ns: "/run/netns/${ns}";
  state = ns: "/run/nsguard/${ns}";
  # What is laid over /etc of confined units: one tree for all, and one for those whose user systemd makes at start.
  confext =
    ns: serviceConfig:
    "/run/nsguard/${ns}/confext${if isDynamic serviceConfig then "-accounts" else ""}";
  # In a unit's private /run: where the second tree's passwd and group lead (pkgs/nsguard/init/accounts.c).
  accounts = "/run/nsguard-accounts";
  # A bind: a file system of terminals of the namespace's own (nsguard/paths.py).
  terminals = ns: "/run/nsguard/${ns}/terminals/pts:/dev/pts";
  runSocket = ns: "/run/nsguard-run/${ns}";
  statusUnit = ns: "nsguard-status-${ns}";
  statusSocket = ns: "/run/nsguard-status/${ns}";
  etc = ns: "/etc/nsguard/${ns}";

  # Whether anybody may run commands in a namespace, and the group that may.
  runs = namespace: namespace.users != [ ] || namespace.group != null;
  runGroup = ns: namespace: if namespace.group == null then "nsguard-${ns}" else namespace.group;

  # wireguard-go makes its link in the host's namespace before it is moved: 12 of the 15 bytes that IFNAMSIZ leaves.
  userspaceInterface = ns: "nsg-${builtins.substring 0 8 (digest ns)}";

  # The host's end of its link. dhcpcd leaves alone what begins with "ve" (NixOS' denyInterfaces), networkd's own files for
  # containers take what begins with "ve-".
  hostLinkPrefix = "vensg-";
  hostLink = ns: "vensg-${builtins.substring 0 8 (digest ns)}";
  hostLinkInside = "host0";
  # A mark of connections in the namespace alone ("nslk"), where nothing else marks any.
  hostLinkMark = "0x6e736c6b";
  # No name of a namespace makes hostTable of it.
  hostLinkTable = ns: "nsguard_link-${ns}";
  clientsTable = ns: "nsguard_from-${ns}";

  # Of apps. A user may have 31 characters, so an app's name has 19.
  app = app: "nsguard-app-${app}";
  appBus = app: "nsguard-bus-${app}";
  appPrivateBus = app: "nsguard-private-bus-${app}";
  appDisplay = app: "nsguard-display-${app}";
  appDisplayUnit = app: "nsguard-display-${app}.service";
  appUnit = app: "nsguard-app-${app}.service";
  appSocketUnit = app: "nsguard-app-${app}.socket";
  appBusUnit = app: "nsguard-bus-${app}.service";
  appPrivateBusUnit = app: "nsguard-private-bus-${app}.service";
  # What a name on a bus has in it that is this app's and nobody else's.
  appBusPart = app: "nsguard_${builtins.replaceStrings [ "-" ] [ "_" ] app}";
  appSocket = app: "/run/nsguard-apps/${app}";
  appFile = app: "/etc/nsguard-apps/${app}.json";
  appPrivateBusFile = app: "/etc/nsguard-apps/${app}.bus.conf";
  # In an app's private /run: sockets of the session, and of its part of the buses. Root's, so that no app moves them.
  appSession = "/run/nsguard-session";
  # As whom an app and its part of the buses run: the person, or a user made for as long as they do.
  appIdentity =
    name: app:
    if app.user == null then
      {
        User = "nsguard-app-${name}";
        DynamicUser = true;
      }
    else
      {
        User = app.user;
        # What an app remembers of its session, and the sockets that it has bound in, outlast a restart. A user for a
        # while would have the directory elsewhere, with a link in its place.
        RuntimeDirectoryPreserve = "restart";
      };

  # Of services. That of a template's is a template's, too, and goes by the instance's name.
  serviceBus = service: "nsguard-system-bus-${service}${if isTemplate service then "%i" else ""}";
  serviceBusUnit = service: "nsguard-system-bus-${service}.service";
  # As whom a service's part of the system bus runs: as the service. A user for a while has its name from the unit,
  # where it is not given one (systemd.exec(5), DynamicUser=); both are one user, then.
  serviceIdentity =
    service: config:
    let
      given = builtins.intersectAttrs {
        User = null;
        Group = null;
        DynamicUser = null;
      } config;
    in
    if isDynamic config then
      { User = head (match "([^@]*).*" service); } // given
    else
      given // { RuntimeDirectoryPreserve = "restart"; };

  hostTable = ns: "nsguard-${ns}";

  # Only the low 20 bits vary: 0x6e7 in front keeps clear of the bits that Tailscale (0xff0000: 0x04, 0x08) tests.
  fwMark = ns: "0x6e7${builtins.substring 0 5 (digest ns)}";

  # Where systemd hears how services do, the descriptor that it passes for that, and where nsguard-init listens instead
  # (pkgs/nsguard/init/notify.c).
  notifySocket = "/run/systemd/notify";
  notifyDescriptor = "nsguard-notify";
  notifyDirectory = "/run/nsguard-notify";

  # What a confined service needs of systemd, of all that the private /run takes away.
  sockets = [
    "/run/systemd/journal/stdout"
    "/run/systemd/journal/socket"
    "/run/systemd/journal/dev-log"
  ];
}
