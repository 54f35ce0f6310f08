# The buses that an app or a service may use: none, a part of one by xdg-dbus-proxy, or the host's.
{
  tools,
  names,
  without,
}:
let
  inherit (builtins)
    concatMap
    filter
    listToAttrs
    map
    ;
  inherit (import ./protections.nix { inherit without; }) kept listed;

  records = {
    filter = {
      guards = "every name on the bus that was not granted, each of which works outside for whoever calls it";
      arguments = [ "--filter" ];
    };
  };

  system = "/run/dbus/system_bus_socket";

  # Of the portals those that hand over what the person picks, and none that opens, starts or tells of the network.
  portals = concatMap (interface: [
    "--call=org.freedesktop.portal.Desktop=${interface}.*@/org/freedesktop/portal/desktop"
  ]) [
    "org.freedesktop.portal.FileChooser"
    "org.freedesktop.portal.Notification"
    "org.freedesktop.portal.Settings"
  ]
  ++ [
    "--call=org.freedesktop.portal.Desktop=org.freedesktop.portal.Request.*@/org/freedesktop/portal/desktop/*"
    "--broadcast=org.freedesktop.portal.Desktop=*@/org/freedesktop/portal/*"
  ];

  # One bus of several that a process may pass on: what is at an address, for a socket of its own.
  passed =
    {
      address,
      socket,
      talk,
      own ? [ ],
      more ? [ ],
    }:
    [
      "unix:path=${address}"
      socket
    ]
    ++ concatMap (record: record.arguments) (builtins.attrValues (kept "bus" records))
    ++ map (name: "--talk=${name}") talk
    ++ map (name: "--own=${name}") own
    ++ more;

  proxy =
    {
      unitConfig,
      serviceConfig,
      directory,
      words,
    }:
    {
      unitConfig = unitConfig // {
        StopWhenUnneeded = true;
      };
      serviceConfig = serviceConfig // {
        Type = "exec";
        ExecStart = builtins.concatStringsSep " " ([ tools.xdg-dbus-proxy ] ++ words);
        RuntimeDirectory = directory;
        RuntimeDirectoryMode = "0700";
        Restart = "on-failure";
        # It speaks to two sockets with a path, and to nothing else.
        PrivateNetwork = true;
        RestrictAddressFamilies = "AF_UNIX";
        CapabilityBoundingSet = "";
        NoNewPrivileges = true;
        PrivateDevices = true;
        PrivateTmp = true;
        ProtectSystem = "strict";
        ProtectHome = "read-only";
        SystemCallArchitectures = "native";
      };
    };
in
{
  # The system's bus for a service: { units, requires, bindReadOnlyPaths }
  ofService =
    name: service:
    let
      inherit (service.dbus.system) access talk;
      inherit (service) serviceConfig;
      outside = "/run/${names.serviceBus name}";
      # The directory and not the socket in it, which a new process makes anew.
      socket = "${outside}/${baseNameOf system}";
    in
    if access == "filtered" then
      {
        requires = [ "${names.serviceBus name}.service" ];
        bindReadOnlyPaths = [ "${outside}:${dirOf system}" ];
        units.${names.serviceBusUnit name} = proxy {
          unitConfig.Description = "System bus for service ${name}: what it was granted";
          # As whom the bus knows the service.
          serviceConfig =
            names.serviceIdentity name serviceConfig
            // {
              # A service that starts next finds it there.
              ExecStartPost = "${tools.nsguard} app await ${socket}";
            };
          directory = names.serviceBus name;
          words = passed {
            address = system;
            inherit socket talk;
          };
        };
      }
    else
      {
        requires = [ ];
        bindReadOnlyPaths = if access == "host" then [ system ] else [ ];
        units = { };
      };

  ofApp =
    {
      name,
      app,
      session,
    }:
    let
      inside = "${names.appSession}/granted";
      outside = "/run/${names.appBus name}";

      having = access: filter (kind: app.dbus.${kind}.access == access) [ "session" "system" ];
      filtered = having "filtered";

      addresses = {
        session = session "bus";
        inherit system;
      };
      hosts = {
        session = "${names.appSession}/bus";
        inherit system;
      };

      proxied =
        kind:
        passed {
          address = addresses.${kind};
          socket = "${outside}/${kind}";
          inherit (app.dbus.${kind}) talk;
          own = app.dbus.${kind}.own or [ ];
          more = if kind == "session" && app.gui.portals then portals else [ ];
        };

      variable = {
        session = "DBUS_SESSION_BUS_ADDRESS";
        system = "DBUS_SYSTEM_BUS_ADDRESS";
      };
      unit = names.appBusUnit name;
    in
    {
      units = if filtered == [ ] then [ ] else [ unit ];
      bindReadOnlyPaths =
        map (kind: "${addresses.${kind}}:${hosts.${kind}}") (having "host")
        ++ (if filtered == [ ] then [ ] else [ "${outside}:${inside}" ]);
      # For a sandbox, which covers /run once more, but for the session's directory.
      visible = if app.dbus.system.access == "host" then [ system ] else [ ];
      waitFor = map (kind: "${inside}/${kind}") filtered;
      environment = listToAttrs (
        map (kind: { name = variable.${kind}; value = "unix:path=${inside}/${kind}"; }) filtered
        ++ map (kind: { name = variable.${kind}; value = "unix:path=${hosts.${kind}}"; }) (having "host")
      );

      unitsOf =
        if filtered == [ ] then
          { }
        else
          {
            ${unit} = proxy {
              unitConfig = {
                Description = "D-Bus for app ${name}: what it was granted";
                After = if app.uid == null then [ ] else [ "user@${toString app.uid}.service" ];
              };
              serviceConfig = names.appIdentity name app;
              directory = names.appBus name;
              words = concatMap proxied filtered;
            };
          };
    };

  protections = listed "bus" records;
}
