# Every name that nsguard gives to something, as functions of the namespace's name.
let
  inherit (builtins) match;
  inherit (import ./combine.nix) isDynamic;

  digest = name: builtins.hashString "sha256" name;

  # The name has a digest of the target: nixos-rebuild switch does not change a running socket, but replaces it by
  # another.
  wayOutUnit =
    kind: ns: name: target:
    "nsguard-${kind}-${ns}@${name}-${builtins.substring 0 6 (digest (builtins.toJSON target))}";

  isTemplate = service: match ".*@" service != null;
in
{
  # The link inside the namespace. Each namespace has one tunnel, so all can have the same name.
  interface = "wg0";

  netnsUnit = ns: "nsguard-netns-${ns}.service";
  tunnelUnit = ns: "nsguard-tunnel-${ns}.service";
  userspaceUnit = ns: "nsguard-userspace-${ns}.service";
  mendUnit = ns: "nsguard-mend-${ns}.service";
  rulesUnit = ns: "nsguard-rules-${ns}.service";
  runUnit = ns: "nsguard-run-${ns}";
  refreshUnit = ns: "nsguard-refresh-${ns}";
  # The name has a digest of the files: nixos-rebuild switch does not change a running path unit, but replaces it.
  secretsUnit =
    ns: files: "nsguard-secrets-${ns}-${builtins.substring 0 6 (digest (builtins.toJSON files))}.path";

  # A template; the instance is the number of seconds to wait.
  handshakeUnit = ns: seconds: "nsguard-handshake-${ns}@${seconds}.service";
  # A template; the instance is the service to start once a peer answers.
  latePrefix = ns: "nsguard-late-${ns}@";
  lateUnit = ns: "nsguard-late-${ns}@.service";
  forwardUnit = ns: "nsguard-forward-${ns}.service";
  forwardedUnit = ns: "nsguard-forwarded-${ns}.service";

  # The name has a digest of its addresses: nixos-rebuild switch does not change a running socket, but replaces it.
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
  # The root directory of the process that runs a tunnel (nsguard/state.py).
  userspaceRoot = ns: "/run/nsguard/${ns}/root";
  # The trees that confined units get as an overlay over /etc: one for units whose user systemd creates at start, one
  # for all others.
  confext =
    ns: serviceConfig:
    "/run/nsguard/${ns}/confext${if isDynamic serviceConfig then "-accounts" else ""}";
  # In a unit's private /run: the target of passwd and group in the tree of such units (pkgs/nsguard/init/accounts.c).
  accounts = "/run/nsguard-accounts";
  # A bind: the namespace's own file system of terminals (nsguard/paths.py).
  terminals = ns: "/run/nsguard/${ns}/terminals/pts:/dev/pts";
  runSocket = ns: "/run/nsguard-run/${ns}";
  statusUnit = ns: "nsguard-status-${ns}";
  statusSocket = ns: "/run/nsguard-status/${ns}";
  etc = ns: "/etc/nsguard/${ns}";

  # Whether anybody may run commands in a namespace, and the group of those users.
  runs = namespace: namespace.users != [ ] || namespace.group != null;
  runGroup = ns: namespace: if namespace.group == null then "nsguard-${ns}" else namespace.group;

  # wireguard-go creates its link in the host's namespace, from where it is moved: 12 of the 15 bytes that IFNAMSIZ
  # allows.
  userspaceInterface = ns: "nsg-${builtins.substring 0 8 (digest ns)}";

  # The host's end of the host link. dhcpcd ignores links whose names begin with "ve" (NixOS' denyInterfaces);
  # networkd's own files for containers match "ve-".
  hostLinkPrefix = "vensg-";
  hostLink = ns: "vensg-${builtins.substring 0 8 (digest ns)}";
  hostLinkInside = "host0";
  # A mark of connections ("nslk"), only used inside the namespace, where nothing else marks connections.
  hostLinkMark = "0x6e736c6b";
  hostLinkTable = ns: "nsguard_link-${ns}";
  clientsTable = ns: "nsguard_from-${ns}";

  # Names of apps. A user name has at most 31 characters, so an app's name has at most 19.
  app = app: "nsguard-app-${app}";
  appBus = app: "nsguard-bus-${app}";
  appPrivateBus = app: "nsguard-private-bus-${app}";
  appDisplay = app: "nsguard-display-${app}";
  appDisplayUnit = app: "nsguard-display-${app}.service";
  appUnit = app: "nsguard-app-${app}.service";
  appSocketUnit = app: "nsguard-app-${app}.socket";
  appBusUnit = app: "nsguard-bus-${app}.service";
  appPrivateBusUnit = app: "nsguard-private-bus-${app}.service";
  # The part of a bus name that belongs to this app only.
  appBusPart = app: "nsguard_${builtins.replaceStrings [ "-" ] [ "_" ] app}";
  appSocket = app: "/run/nsguard-apps/${app}";
  appFile = app: "/etc/nsguard-apps/${app}.json";
  appPrivateBusFile = app: "/etc/nsguard-apps/${app}.bus.conf";
  # In an app's private /run: sockets of the session and of its buses. It belongs to root, so the app cannot move them.
  appSession = "/run/nsguard-session";
  # The user of an app and its bus processes: the configured one, or one that exists while they run.
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
        # The session's data and the bound sockets survive a restart. For a dynamic user, the directory would be at
        # another path, with a link in its place.
        RuntimeDirectoryPreserve = "restart";
      };

  # Names of services' buses. The bus of a template is a template with the same instance.
  serviceBus = service: "nsguard-system-bus-${service}${if isTemplate service then "%i" else ""}";
  serviceBusUnit = service: "nsguard-system-bus-${service}.service";
  # The user of a service's bus process: the service's. A dynamic user without a configured name is named after the unit
  # (systemd.exec(5), DynamicUser=), so both get the same user.
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
      { User = builtins.head (match "([^@]*).*" service); } // given
    else
      given // { RuntimeDirectoryPreserve = "restart"; };

  # The table of all tunnels on the host, and the names of one tunnel's parts.
  pinsTable = "nsguard_pins";
  pinChain = ns: "tunnel-${ns}";
  pinSet = family: ns: "endpoint${toString family}-${ns}";

  # The marks that fwMark gives, as nft(8) tests them.
  ownMark = "meta mark & 0xfff00000 == 0x6e700000";

  # Only the low 20 bits vary. The prefix 0x6e7 avoids the bits that Tailscale tests (0xff0000: 0x04, 0x08).
  fwMark = ns: "0x6e7${builtins.substring 0 5 (digest ns)}";

  # systemd's notification socket, the descriptor that systemd passes for it, and the directory in which nsguard-init
  # listens instead (pkgs/nsguard/init/notify.c).
  notifySocket = "/run/systemd/notify";
  notifyDescriptor = "nsguard-notify";
  notifyDirectory = "/run/nsguard-notify";

  # systemd's sockets that a confined service needs and its private /run hides.
  sockets = [
    "/run/systemd/journal/stdout"
    "/run/systemd/journal/socket"
    "/run/systemd/journal/dev-log"
  ];
}
