# A program that should get the forwarded port has a warning if it does not run in the namespace: it is not confined, it
# is confined elsewhere, or nothing in the configuration runs it. It is found by its unit's name and by its commands, as
# a service and as an app.
let
  vpn =
    client: more:
    {
      tunnel = client;
      portForwarding = {
        enable = true;
        inherit client;
        clientCredentialsFile = if client == "deluge" then "/run/secrets/deluge" else null;
      };
    }
    // more;
  started = namespace: command: {
    inherit namespace;
    serviceConfig.ExecStart = command;
    serviceConfig.DynamicUser = true;
  };
  names = [
    "absent"
    "apart"
    "app"
    "daemon"
    "elsewhere"
    "free"
    "idle"
    "named"
    "people"
    "preparing"
  ];
in
{
  specification = {
    tunnels = builtins.listToAttrs (
      map (name: {
        inherit name;
        value.configFile = "/run/secrets/${name}.conf";
      }) names
    );
    namespaces = builtins.mapAttrs (name: ns: ns // { tunnel = name; }) {
      absent = vpn "rtorrent" { };
      apart = vpn "deluge" { };
      app = vpn "qbittorrent" { };
      daemon = vpn "transmission" { };
      elsewhere = vpn "slskd" { };
      # This namespace asks for no port, so no program needs to take one.
      idle.portForwarding.client = "rtorrent";
      free = vpn "slskd" { };
      named = vpn "qbittorrent" { };
      people = vpn "rtorrent" { users = [ "alice" ]; };
      preparing = vpn "rtorrent" { };
    };
    apps.torrents = {
      namespace = "app";
      command = "/bin/qbittorrent";
    };
    services = {
      "qbittorrent-nox@alice" = started "named" "/bin/torrents";
      # Its daemon is inside, but the port is set by the web page.
      deluged = started "apart" "/bin/deluged";
      daemon = started "daemon" "/usr/bin/transmission-daemon --foreground";
      slskd = started "free" "/bin/slskd";
      several = started "preparing" [ "/bin/sh -c 'exec rtorrent'" ];
    };
    known.users = [ "alice" ];
    known.groups = [ ];
    known.services = [
      "daemon"
      "deluged"
      "qbittorrent-nox@alice"
      "several"
      "slskd"
    ];
  };

  facts = _: null;
  expected = null;

  warnings =
    let
      nobody =
        namespace: command: option:
        "nsguard.namespaces.${namespace}.portForwarding.client: no service and no app in this namespace runs ${command},"
        + " so nothing takes the port; enable ${option}, and confine the service that runs it with"
        + " systemd.services.<name>.nsguard.namespace; or ignore this if it runs under another name";
    in
    [
      (nobody "absent" "rtorrent" "services.rtorrent")
      (nobody "apart" "deluge-web" "services.deluge.web")
      ''nsguard.namespaces.elsewhere.portForwarding.client: slskd.service is not confined to this namespace, so it does not get the port; set systemd.services.slskd.nsguard.namespace = "elsewhere";''
    ];
}
