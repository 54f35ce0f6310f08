# What a namespace, tunnel, peer or service is when nothing is said.
# The NixOS options take their defaults from here, and so do scenarios of plain data.
let
  bus = {
    access = "none";
    talk = [ ];
  };
in
{
  namespace = {
    dns.enforce = true;
    users = [ ];
    group = null;
    homes = "shared";
    hosts = { };
    portForwarding = { };
    publish = { };
    hostLink = { };
    tunnelPorts = { };
    allowedEgress = { };
    hostServices = { };
  };

  # Defaults of one `publish.<name>`; the name has no default. from: null stands for everybody.
  published = {
    listen = [ ];
    from = null;
    port = null;
    protocol = "tcp";
    keepSource = false;
    openFirewall = false;
    group = null;
    mode = "0660";
  };

  # A quarter of what links without addresses from elsewhere have (RFC 3927), and no network beyond; clouds' own services
  # are at 169.254.169.254, in another.
  hostLink = {
    enable = false;
    range = "169.254.64.0/18";
  };

  tunnelPorts = {
    tcp = [ ];
    udp = [ ];
  };

  # Of each of hostServices; listenPort: null stands for the service's own port.
  hostService = {
    port = null;
    address = "127.0.0.1";
    listenPort = null;
  };

  portForwarding = {
    enable = false;
    protocol = "nat-pmp";
    gateway = null;
    protocols = [
      "tcp"
      "udp"
    ];
    internalPort = null;
    lifetimeSeconds = 60;
    onChange = null;
    user = null;
    client = null;
    clientUrl = null;
    clientCredentialsFile = null;
    credentials = { };
  };

  tunnel = {
    type = "wireguard";
    implementation = "auto";
    via = null;
    configFile = null;
    ips = [ ];
    privateKeyFile = null;
    generatePrivateKeyFile = false;
    listenPort = null;
    mtu = null;
    fwMark = null;
    dns = [ ];
    dynamicEndpointRefreshSeconds = 0;
    peers = [ ];
  };

  peer = {
    name = null;
    presharedKeyFile = null;
    endpoint = null;
    persistentKeepalive = null;
    dynamicEndpointRefreshSeconds = 0;
  };

  app = {
    preset = null;
    namespace = null;
    command = null;
    args = [ ];
    user = null;
    uid = null;
    gui = {
      wayland = false;
      waylandUnfiltered = false;
      x11 = false;
      sound = "none";
      gpu = false;
      portals = false;
    };
    dbus = {
      session = bus // {
        own = [ ];
      };
      system = bus;
    };
    sandbox.enable = false;
    # enable: null stands for an app with windows; name: null for that of the package's own entry, or the app's.
    desktopEntry = {
      enable = null;
      name = null;
      icon = null;
      categories = [ ];
      mimeTypes = [ ];
    };
    autoStart = false;
    restart = "no";
    environment = { };
    readWritePaths = [ ];
    extraServiceConfig = { };
  };

  service = {
    namespace = null;
    capabilities = [ ];
    allowPrivilegedCommands = false;
    waitForHandshake = null;
    bindPaths = [ ];
    devices = [ ];
    dbus.system = bus;
    hardening = builtins.mapAttrs (_: _: true) (import ./confinement/loosenings.nix);
    # What the rest of the configuration says of it: sockets that systemd listens on for it, name -> { unitConfig;
    # socketConfig; }; whether its unit lies in a package, and whether it is a container; of an instance,
    # its template.
    sockets = { };
    packaged = false;
    container = false;
    template = null;
    unitConfig = { };
    serviceConfig = { };
    wantedBy = [ ];
  };

  # Names that the whole configuration defines; null where that is not known.
  known = {
    users = null;
    groups = null;
    services = null;
  };

  metrics = {
    textfile = null;
    intervalSeconds = 15;
  };
}
