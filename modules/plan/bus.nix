# The buses that an app may use: none, a part of one by xdg-dbus-proxy, or the host's.
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
      guards = "every name on the bus that the app was not granted, each of which works outside for whoever calls it";
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
in
{
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
        [
          "unix:path=${addresses.${kind}}"
          "${outside}/${kind}"
        ]
        ++ concatMap (record: record.arguments) (builtins.attrValues (kept "bus" records))
        ++ map (talk: "--talk=${talk}") app.dbus.${kind}.talk
        ++ (if kind == "session" && app.gui.portals then portals else [ ]);

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
            ${unit} = {
              unitConfig = {
                Description = "D-Bus for app ${name}: what it was granted";
                After = if app.uid == null then [ ] else [ "user@${toString app.uid}.service" ];
                StopWhenUnneeded = true;
              };
              serviceConfig = names.appIdentity name app // {
                Type = "exec";
                ExecStart = builtins.concatStringsSep " " ([ tools.xdg-dbus-proxy ] ++ concatMap proxied filtered);
                RuntimeDirectory = names.appBus name;
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
          };
    };

  protections = listed "bus" records;
}
