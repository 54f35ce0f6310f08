# The buses that an app or a service may use: none, a part of one through xdg-dbus-proxy, the host's, or an app's own.
{
  tools,
  names,
  without,
}:
let
  inherit (builtins) concatMap filter listToAttrs;
  inherit (import ../protections.nix { inherit without; }) kept listed;

  records = {
    filter = {
      guards = "every name on the bus that was not granted: its owner works outside for its callers";
      arguments = [ "--filter" ];
    };
  };

  system = "/run/dbus/system_bus_socket";

  # The portals that return what the user chooses; none that opens pages, starts programs or describes the network.
  portals =
    concatMap
      (interface: [
        "--call=org.freedesktop.portal.Desktop=${interface}.*@/org/freedesktop/portal/desktop"
      ])
      [
        "org.freedesktop.portal.FileChooser"
        "org.freedesktop.portal.Notification"
        "org.freedesktop.portal.Settings"
      ]
    ++ [
      "--call=org.freedesktop.portal.Desktop=org.freedesktop.portal.Request.*@/org/freedesktop/portal/desktop/*"
      "--broadcast=org.freedesktop.portal.Desktop=*@/org/freedesktop/portal/*"
    ];

  # The arguments for one of the buses that a process forwards: the bus at `address`, through `socket`.
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

  speaker = import ./speaker.nix;

  # The configuration of an app's own bus (dbus-daemon(1)): any name and any call, but no directory of services, so it
  # starts nothing. The bus itself refuses every user but its own.
  ofItsOwn = socket: ''
    <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "busconfig.dtd">
    <busconfig>
      <type>session</type>
      <listen>unix:path=${socket}</listen>
      <auth>EXTERNAL</auth>
      <policy context="default">
        <allow own="*"/>
        <allow send_destination="*"/>
        <allow receive_sender="*"/>
      </policy>
    </busconfig>
  '';
in
{
  # The system bus for a service: { units, requires, bindReadOnlyPaths }
  ofService =
    name: service:
    let
      inherit (service.dbus.system) access talk;
      inherit (service) serviceConfig;
      outside = "/run/${names.serviceBus name}";
      # The unit binds the directory, because a new process creates a new socket in it.
      socket = "${outside}/${baseNameOf system}";
    in
    if access == "filtered" then
      {
        requires = [ "${names.serviceBus name}.service" ];
        bindReadOnlyPaths = [ "${outside}:${dirOf system}" ];
        units.${names.serviceBusUnit name} = speaker {
          unitConfig.Description = "System bus for service ${name}: what it was granted";
          # The user that the bus sees.
          serviceConfig = names.serviceIdentity name serviceConfig // {
            # The service starts after this, and finds the socket.
            ExecStartPost = "${tools.nsguard} app await ${socket}";
          };
          directory = names.serviceBus name;
          command = [
            tools.xdg-dbus-proxy
          ]
          ++ passed {
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
      having =
        access:
        filter (kind: app.dbus.${kind}.access == access) [
          "session"
          "system"
        ];
      filtered = having "filtered";
      # Only the session bus can be private.
      private = if app.dbus.session.access == "private" then [ "session" ] else [ ];

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
          socket = "/run/${names.appBus name}/${kind}";
          inherit (app.dbus.${kind}) talk;
          own = app.dbus.${kind}.own or [ ];
          more = if kind == "session" && app.gui.portals then portals else [ ];
        };

      variable = {
        session = "DBUS_SESSION_BUS_ADDRESS";
        system = "DBUS_SYSTEM_BUS_ADDRESS";
      };

      # The app's processes that provide buses, each with the kinds that it provides.
      speakers = filter (process: process.kinds != [ ]) [
        {
          kinds = filtered;
          unit = names.appBusUnit name;
          directory = names.appBus name;
          inside = "${names.appSession}/granted";
          unitConfig = {
            Description = "D-Bus for app ${name}: what it was granted";
            After = if app.uid == null then [ ] else [ "user@${toString app.uid}.service" ];
          };
          command = [ tools.xdg-dbus-proxy ] ++ concatMap proxied filtered;
        }
        {
          kinds = private;
          unit = names.appPrivateBusUnit name;
          directory = names.appPrivateBus name;
          inside = "${names.appSession}/private";
          unitConfig.Description = "D-Bus for app ${name}: of its own";
          command = [
            tools.dbus-daemon
            "--config-file=${names.appPrivateBusFile name}"
            "--nofork"
            "--nopidfile"
          ];
        }
      ];
      # make: kind -> path of its socket for the app -> result; one for each provided kind
      ofSockets =
        make: concatMap (process: map (kind: make kind "${process.inside}/${kind}") process.kinds) speakers;
    in
    {
      units = map (process: process.unit) speakers;
      bindReadOnlyPaths =
        map (kind: "${addresses.${kind}}:${hosts.${kind}}") (having "host")
        ++ map (process: "/run/${process.directory}:${process.inside}") speakers;
      # For a sandbox, which covers /run again, except the session's directory.
      visible = if app.dbus.system.access == "host" then [ system ] else [ ];
      waitFor = ofSockets (_: socket: socket);
      environment = listToAttrs (
        ofSockets (
          kind: socket: {
            name = variable.${kind};
            value = "unix:path=${socket}";
          }
        )
        ++ map (kind: {
          name = variable.${kind};
          value = "unix:path=${hosts.${kind}}";
        }) (having "host")
      );

      unitsOf = listToAttrs (
        map (process: {
          name = process.unit;
          value = speaker {
            inherit (process) unitConfig directory command;
            serviceConfig = names.appIdentity name app;
          };
        }) speakers
      );
      files = listToAttrs (
        map (kind: {
          name = names.appPrivateBusFile name;
          value = ofItsOwn "/run/${names.appPrivateBus name}/${kind}";
        }) private
      );
    };

  protections = listed "bus" records;
}
