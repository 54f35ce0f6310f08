# Ways out by a unit's own properties, in every spelling that systemd takes for the same.
let
  service = serviceConfig: {
    namespace = "vpn";
    serviceConfig = {
      ExecStart = "/usr/bin/true";
    }
    // serviceConfig;
  };
in
{
  specification = {
    tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    namespaces.vpn.tunnel = "mullvad";
    services = {
      elsewhere = service {
        BindReadOnlyPaths = [
          "/run:/elsewhere"
          "/:/host"
          "-/var/lib/./sss"
        ];
      };
      resolving = service { BindReadOnlyPaths = [ "%t/nscd" ]; };
      quoted = service {
        BindPaths = [
          "'/run/nscd'"
          "/run/\\nscd"
          "/srv/../run/nscd"
          "/srv/%I"
        ];
      };
      opened = service {
        OpenFile = "/run//nscd/socket:nscd:read-only";
        EnvironmentFile = "-/run/systemd/netif/leases/2";
        LoadCredential = [
          "token:/run/secrets/token"
          "lease:/var/lib/dhcpcd/eth0.lease"
        ];
        StandardInput = "file:/run/nscd/socket";
      };
      named = service { RuntimeDirectory = "named nscd"; };
      images = service {
        MountImages = "/srv/image.raw:/etc";
        ExtensionImages = "/srv/more.raw";
      };
      session = service {
        User = "alice";
        PAMName = "login";
      };
      legacy = service {
        User = "alice";
        ExecStartPre = "/bin/chown alice /srv";
        PermissionsStartOnly = true;
      };
      writer = service {
        ReadWritePaths = [
          "/srv"
          "-/etc"
          "/proc/sys/kernel"
        ];
      };
      "user@" = service { };
      listening = {
        sockets.listening.socketConfig.ListenStream = [
          "%t/s.sock"
          "vsock::22"
          "8080"
        ];
      }
      // service { };
    };
  };
  messages = [
    ''systemd.services.elsewhere.serviceConfig: binding "/run:/elsewhere" would open a way to daemons of the host that work outside the namespace; remove it''
    ''systemd.services.elsewhere.serviceConfig: binding "/:/host" would open a way to daemons of the host that work outside the namespace; remove it''
    ''systemd.services.elsewhere.serviceConfig: binding "-/var/lib/./sss" would open a way to daemons of the host that work outside the namespace; remove it''
    "systemd.services.images.serviceConfig.ExtensionImages: over another tree than the host's nsguard cannot lay its own /etc, so look-ups of names would follow that tree's; remove it"
    "systemd.services.images.serviceConfig.MountImages: over another tree than the host's nsguard cannot lay its own /etc, so look-ups of names would follow that tree's; remove it"
    "systemd.services.legacy.serviceConfig.PermissionsStartOnly: every command but ExecStart would run with full privileges and see the host's sockets; set it to false (lib.mkForce false where a module sets it), or accept that with systemd.services.legacy.nsguard.allowPrivilegedCommands = true;"
    ''systemd.sockets.listening: by "/run/s.sock" the service would get connections that were made on the host, and tell it the host's addresses; let it listen on a port, and set nsguard.namespaces.vpn.publish.listening = { listen = [ "/run/s.sock" ]; port = …; };''
    ''systemd.sockets.listening: "vsock::22" is of the machine and knows no network namespace; let it listen on a port of TCP or UDP''
    ''systemd.services.named.serviceConfig.RuntimeDirectory: "/run/nscd" is the directory of a daemon of the host; name another''
    ''systemd.services.opened.serviceConfig: binding "/run//nscd/socket:nscd:read-only" would open a way to daemons of the host that work outside the namespace; remove it''
    ''systemd.services.opened.serviceConfig.EnvironmentFile: "-/run/systemd/netif/leases/2" is of the host's network, or of a daemon that works outside the namespace; remove it''
    ''systemd.services.opened.serviceConfig.LoadCredential: "lease:/var/lib/dhcpcd/eth0.lease" is of the host's network, or of a daemon that works outside the namespace; remove it''
    ''systemd.services.opened.serviceConfig.StandardInput: "file:/run/nscd/socket" is of the host's network, or of a daemon that works outside the namespace; remove it''
    ''systemd.services.quoted.serviceConfig: "'/run/nscd'" cannot be read with certainty; write absolute paths without quotes, backslashes and ".."''
    ''systemd.services.quoted.serviceConfig: "/run/\\nscd" cannot be read with certainty; write absolute paths without quotes, backslashes and ".."''
    ''systemd.services.quoted.serviceConfig: "/srv/../run/nscd" cannot be read with certainty; write absolute paths without quotes, backslashes and ".."''
    ''systemd.services.quoted.serviceConfig: "/srv/%I" cannot be read with certainty; write absolute paths without quotes, backslashes and ".."''
    ''systemd.services.resolving.serviceConfig: binding "%t/nscd" would open a way to daemons of the host that work outside the namespace; remove it''
    "systemd.services.session.serviceConfig.PAMName: PAM would open a session of the host, and the processes of the service would move to that, out of the unit; remove it"
    ''systemd.services."user@".nsguard.namespace: a person's service manager starts programs of the whole session, and its units would go on in the host's namespace; confine the services themselves, or define nsguard.apps.<name>''
    ''systemd.services.writer.serviceConfig.ReadWritePaths: "-/etc" is the system's, which runs what is in it outside the namespace; name a directory of data''
    ''systemd.services.writer.serviceConfig.ReadWritePaths: "/proc/sys/kernel" is the system's, which runs what is in it outside the namespace; name a directory of data''
  ];
}
