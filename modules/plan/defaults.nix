# The defaults of namespaces, tunnels, peers, services and apps, for the NixOS options and for scenarios of plain data.
let
  bus = {
    access = "none";
    talk = [ ];
  };
in
{
  # null: what has no default, and must be set.
  namespace = {
    tunnel = null;
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

  # Defaults of one `publish.<name>`; the name and the port have none. from: null means everybody.
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

  # A quarter of the link-local addresses (RFC 3927), so no other network has them. The services of clouds are at
  # 169.254.169.254, in another quarter.
  hostLink = {
    enable = false;
    range = "169.254.64.0/18";
  };

  # One `allowedEgress.<name>`, which has no defaults.
  exception = {
    address = null;
    port = null;
  };

  tunnelPorts = {
    tcp = [ ];
    udp = [ ];
  };

  # Defaults of one `hostServices.<name>`. listenPort: null means the service's own port.
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
    privateKey = null;
    generatePrivateKeyFile = false;
    listenPort = null;
    mtu = null;
    fwMark = null;
    dns = [ ];
    dynamicEndpointRefreshSeconds = 0;
    peers = [ ];
  };

  peer = {
    publicKey = null;
    name = null;
    presharedKeyFile = null;
    presharedKey = null;
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
    # enable: null means: if the app has windows. name: null means the name in the package's entry, or the app's name.
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
    # From the rest of the configuration: sockets on which systemd listens for it, name -> { unitConfig; socketConfig;
    # }; whether a package has its unit; whether it is a container; the template of an instance.
    sockets = { };
    packaged = false;
    container = false;
    template = null;
    unitConfig = { };
    serviceConfig = { };
    wantedBy = [ ];
  };

  # Names that the whole configuration defines; null if that is not known.
  known = {
    users = null;
    groups = null;
    services = null;
    # of NixOS's modules: the options below `services`
    modules = null;
  };

  metrics = {
    textfile = null;
    intervalSeconds = 15;
  };
}
