# NixOS: a path that a service names and cannot see has a warning, with the line that makes it visible.
let
  confined = serviceConfig: {
    nsguard.namespace = "vpn";
    serviceConfig = {
      ExecStart = "/usr/bin/true";
      User = "app";
    }
    // serviceConfig;
  };
in
{
  module =
    { lib, ... }:
    {
      nsguard = import ../vpn.nix;
      users.users.app = {
        isSystemUser = true;
        group = "app";
      };
      users.users.mail = {
        isSystemUser = true;
        group = "app";
        home = "/srv/mail";
      };
      users.groups.app = { };
      systemd.services = {
        # borgbackup's shape
        cache = confined { ReadWritePaths = [ "/root/.cache/x" ]; } // {
          environment.KEY_FILE = "/run/secrets/k";
        };
        # searx's shape
        search-init.serviceConfig = {
          Type = "oneshot";
          RuntimeDirectory = "search";
          RuntimeDirectoryPreserve = true;
          ExecStart = "/bin/sh -c 'echo ok > /run/search/settings'";
        };
        search = confined { ExecStart = "/usr/bin/cat /run/search/settings"; };
        ordered = confined { ExecStart = "/usr/bin/cat %t/search/settings"; } // {
          after = [ "search-init.service" ];
        };
        # Paths in addresses count as well. Variables for temporary files do not: the service has its own /tmp.
        addressed =
          confined {
            Environment = [
              "BROKER=redis+unix:///run/redis/socket PAGE=http://home/page"
              "TEMP_DIR=/tmp/files"
            ];
          }
          // {
            environment = {
              AGENT_SOCK = "/tmp/agent/socket";
              DISPLAY_SOCKET = "/tmp/.X11-unix/X0";
              TMPDIR = "/tmp/addressed";
            };
          };
        # No warning for paths that the service owns or was granted, or that systemd reads for it.
        fine = lib.recursiveUpdate (confined {
          RuntimeDirectory = "fine";
          PIDFile = "/run/fine/fine.pid";
          EnvironmentFile = "/run/secrets/environment";
          LoadCredential = "k:/run/secrets/k";
          ExecStart = "/usr/bin/app --socket /run/fine/socket --key /run/secrets/k --home /home/app";
        }) { nsguard.bindPaths = [ "/run/secrets/k" ]; };
        pid = confined {
          PIDFile = "/run/pid.pid";
          BindPaths = [
            "/run/postgresql"
            "/dev/video0"
          ];
        };
        lost = confined {
          ExecStart = "/run/wrappers/bin/ping example.org";
          AmbientCapabilities = "CAP_NET_BIND_SERVICE CAP_NET_RAW";
          CapabilityBoundingSet = [
            "CAP_CHOWN"
            "CAP_FOWNER"
            "CAP_SYS_RESOURCE"
          ];
        };
        becomes = {
          nsguard = {
            namespace = "vpn";
            capabilities = [
              "CAP_SETUID"
              "CAP_SETGID"
            ];
            bindPaths = [ "/srv/mail/granted" ];
          };
          # Another account's home, which the unit's properties do not name; a part of it is granted.
          preStart = "mkdir -p /srv/mail/queue /srv/mail/granted/new";
          serviceConfig = {
            ExecStart = "/usr/bin/true";
            User = "root";
          };
        };
      };
    };

  facts =
    config:
    builtins.filter (text: builtins.match "systemd\\.services\\..*" text != null) config.warnings;

  expected = [
    ''systemd.services.addressed: /run/redis/socket, /tmp/agent/socket are hidden from the service, which names them; to make them visible, set systemd.services.addressed.nsguard.bindPaths = [ "/run/redis" "/tmp/agent/socket" ];''
    "systemd.services.addressed: /tmp/.X11-unix/X0 leads to programs outside the namespace, and stays hidden; for the system bus, use systemd.services.addressed.nsguard.dbus.system"
    ''systemd.services.becomes: /srv/mail/queue is hidden from the service, whose commands name it, because its capabilities open other accounts' homes; to show that to the service, set systemd.services.becomes.serviceConfig.ReadWritePaths = [ "-/srv/mail/queue" ];''
    ''systemd.services.becomes.serviceConfig.User: with User = "root", systemd takes CAP_SETUID, CAP_SETGID from the service despite nsguard.capabilities; remove the user: systemd.services.becomes.serviceConfig.User = lib.mkForce null;''
    ''systemd.services.cache: /run/secrets/k, /root/.cache/x are hidden from the service, which names them; to make them visible, set systemd.services.cache.nsguard.bindPaths = [ "/run/secrets/k" "/root/.cache/x" ];''
    "systemd.services.lost: /run/wrappers/bin/ping: set-uid programs are hidden, and give a confined service no privileges; use the program of the package itself, or leave the service unconfined"
    "systemd.services.lost: CAP_NET_RAW is taken away and no option gives it back, so a service that sets up networks or reads packets does not work in a namespace; leave it unconfined if it needs that"
    ''systemd.services.lost: CAP_SYS_RESOURCE is taken away and would have no effect outside the service's user namespace, because the kernel checks it for the whole machine; most services work without it; to confirm that, set systemd.services.lost.nsguard.capabilities = [ "CAP_SYS_RESOURCE" ];''
    ''systemd.services.lost: CAP_CHOWN, CAP_FOWNER are taken away; if the service needs them, set instead systemd.services.lost.nsguard.capabilities = [ "CAP_SYS_RESOURCE" "CAP_CHOWN" "CAP_FOWNER" ];''
    ''systemd.services.ordered: /run/search/settings is hidden from the service, which names it; to make it visible, set systemd.services.ordered.nsguard.bindPaths = [ "/run/search" ];''
    ''systemd.services.pid: /run/postgresql is hidden from the service, which names it; to make it visible, set systemd.services.pid.nsguard.bindPaths = [ "/run/postgresql" ];''
    ''systemd.services.pid: /dev/video0 is hidden from the service, as every device is; set systemd.services.pid.nsguard.devices = [ "/dev/video0" ];''
    ''systemd.services.pid.serviceConfig.PIDFile: "/run/pid.pid" is in the private /run of the service, where systemd does not look; have the program write it to its runtime directory: systemd.services.pid.serviceConfig = { RuntimeDirectory = "pid"; PIDFile = lib.mkForce "/run/pid/pid.pid"; };''
    ''systemd.services.search: /run/search/settings is hidden from the service, which names it; to make it visible, set systemd.services.search.nsguard.bindPaths = [ "/run/search" ]; and, for paths that another unit makes, systemd.services.search.after = [ "search-init.service" ];''
  ];
}
