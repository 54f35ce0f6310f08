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
      users.users.web = {
        isSystemUser = true;
        group = "app";
        home = "/srv/web";
      };
      users.groups.app = { };
      # What `dotted-mended` is granted must be there.
      systemd.tmpfiles.rules = map (path: "d /srv/web/${path} 0700 web app") [
        ""
        "sites"
        ".cache"
        ".cache/pages"
        ".gnupg"
      ];
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
          ExecStart = "/usr/bin/app --socket /run/fine/socket --key /run/secrets/k";
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
          preStart = "mkdir -p /srv/mail/queue /srv/mail/granted/new /srv/mail/.cache/new";
          serviceConfig = {
            ExecStart = "/usr/bin/true";
            User = "root";
          };
        };
        # It names directories that contain accounts' homes; one that it says to hide has no warning.
        backup = {
          nsguard = {
            namespace = "vpn";
            capabilities = [ "CAP_DAC_READ_SEARCH" ];
          };
          script = "restic backup /srv /srv/other";
          serviceConfig.ReadOnlyPaths = "/srv/data/of-%N";
        };
        whole-system = {
          nsguard = {
            namespace = "vpn";
            capabilities = [ "CAP_SETUID" ];
          };
          serviceConfig = {
            ExecStart = "/bin/borg create / --exclude /nix";
            ReadWritePaths = "/srv/mail/part";
          };
        };
        partly = {
          nsguard = {
            namespace = "vpn";
            capabilities = [ "CAP_DAC_READ_SEARCH" ];
          };
          serviceConfig = {
            ExecStart = "/bin/backup --from=/srv/ --not /opt";
            InaccessiblePaths = [ "-/srv/mail" ];
          };
        };
        # The user's own home: named by a variable and a script, and not at all.
        dotted = confined { User = "web"; } // {
          environment.SITES = "/srv/web/sites";
          preStart = "mkdir -p /srv/web/.cache/pages/new; gpg --homedir /srv/web/.gnupg";
        };
        home = confined { User = "web"; } // {
          environment.HOME = "/srv/web";
        };
        unnamed = confined { User = "web"; };
        # As the messages about these say.
        dotted-mended =
          lib.recursiveUpdate (confined {
            User = "web";
            ReadWritePaths = [
              "-/srv/web/sites"
              "-/srv/web/.cache/pages"
            ];
          }) { nsguard.bindPaths = [ "/srv/web/.gnupg" ]; }
          // {
            environment.SITES = "/srv/web/sites";
            preStart = "mkdir -p /srv/web/.cache/pages/new; touch /srv/web/.gnupg/new";
          };
        backup-mended = {
          nsguard = {
            namespace = "vpn";
            capabilities = [ "CAP_DAC_READ_SEARCH" ];
          };
          script = "/usr/bin/true /";
          serviceConfig.ReadWritePaths = [
            "-/srv/mail"
            "-/srv/web"
          ];
        };
        # Its own name, in the runtime directory and in a variable.
        own-name = confined {
          RuntimeDirectory = "%N";
          PIDFile = "/run/own-name/pid";
          Environment = "SOCKET=%t/%p/socket OTHER=/run/other-%j/socket";
        };
      };
    };

  facts =
    config:
    builtins.filter (text: builtins.match "systemd\\.services\\..*" text != null) config.warnings;

  expected = [
    ''systemd.services.addressed: /run/redis/socket, /tmp/agent/socket are hidden from the service, which names them; to make them visible, set systemd.services.addressed.nsguard.bindPaths = [ "/run/redis" "/tmp/agent/socket" ];''
    "systemd.services.addressed: /tmp/.X11-unix/X0 leads to programs outside the namespace, and stays hidden; for the system bus, use systemd.services.addressed.nsguard.dbus.system"
    ''systemd.services.backup: /srv/mail, /srv/web are hidden from the service, whose commands name /srv, because its capabilities open other accounts' homes; to show them to the service, set systemd.services.backup.serviceConfig.ReadWritePaths = [ "-/srv/mail" "-/srv/web" ]; to keep them hidden without this warning, set systemd.services.backup.serviceConfig.InaccessiblePaths = [ "-/srv/mail" "-/srv/web" ];''
    ''systemd.services.becomes: /srv/mail/queue, /srv/mail/.cache/new are hidden from the service, whose commands name them, because its capabilities open other accounts' homes; to show them to the service, set systemd.services.becomes.serviceConfig.ReadWritePaths = [ "-/srv/mail/queue" "-/srv/mail/.cache/new" ];''
    ''systemd.services.becomes.serviceConfig.User: with User = "root", systemd takes CAP_SETUID, CAP_SETGID from the service despite nsguard.capabilities; remove the user: systemd.services.becomes.serviceConfig.User = lib.mkForce null;''
    ''systemd.services.cache: /run/secrets/k, /root/.cache/x are hidden from the service, which names them; to make them visible, set systemd.services.cache.nsguard.bindPaths = [ "/run/secrets/k" "/root/.cache/x" ];''
    ''systemd.services.dotted: /srv/web/sites, /srv/web/.cache/pages are hidden from the service, which names them: it sees only what the unit's properties name of its user's home; to make them visible, set systemd.services.dotted.serviceConfig.ReadWritePaths = [ "-/srv/web/sites" "-/srv/web/.cache/pages" ];''
    ''systemd.services.dotted: /srv/web/.gnupg is hidden from the service, which names it: a login of its user starts or reads files there; to accept that the service can write them, set systemd.services.dotted.nsguard.bindPaths = [ "/srv/web/.gnupg" ];''
    ''systemd.services.home: /srv/web is hidden from the service, which names it: it sees only what the unit's properties name of its user's home; to make it visible, set systemd.services.home.serviceConfig.ReadWritePaths = [ "-/srv/web" ];''
    "systemd.services.lost: /run/wrappers/bin/ping: set-uid programs are hidden, and give a confined service no privileges; use the program of the package itself, or leave the service unconfined"
    "systemd.services.lost: CAP_NET_RAW is taken away and no option gives it back, so a service that sets up networks or reads packets does not work in a namespace; leave it unconfined if it needs that"
    ''systemd.services.lost: CAP_SYS_RESOURCE is taken away and would have no effect outside the service's user namespace, because the kernel checks it for the whole machine; most services work without it; to confirm that, set systemd.services.lost.nsguard.capabilities = [ "CAP_SYS_RESOURCE" ];''
    ''systemd.services.lost: CAP_CHOWN, CAP_FOWNER are taken away; if the service needs them, set instead systemd.services.lost.nsguard.capabilities = [ "CAP_SYS_RESOURCE" "CAP_CHOWN" "CAP_FOWNER" ];''
    ''systemd.services.ordered: /run/search/settings is hidden from the service, which names it; to make it visible, set systemd.services.ordered.nsguard.bindPaths = [ "/run/search" ];''
    ''systemd.services.own-name: /run/other-name/socket is hidden from the service, which names it; to make it visible, set systemd.services.own-name.nsguard.bindPaths = [ "/run/other-name" ];''
    ''systemd.services.partly: /srv/web is hidden from the service, whose commands name /srv, because its capabilities open other accounts' homes; to show it to the service, set systemd.services.partly.serviceConfig.ReadWritePaths = [ "-/srv/web" ]; to keep it hidden without this warning, set systemd.services.partly.serviceConfig.InaccessiblePaths = [ "-/srv/web" ];''
    ''systemd.services.pid: /run/postgresql is hidden from the service, which names it; to make it visible, set systemd.services.pid.nsguard.bindPaths = [ "/run/postgresql" ];''
    ''systemd.services.pid: /dev/video0 is hidden from the service, as every device is; set systemd.services.pid.nsguard.devices = [ "/dev/video0" ];''
    ''systemd.services.pid.serviceConfig.PIDFile: "/run/pid.pid" is in the private /run of the service, where systemd does not look; have the program write it to its runtime directory: systemd.services.pid.serviceConfig = { RuntimeDirectory = "pid"; PIDFile = lib.mkForce "/run/pid/pid.pid"; };''
    ''systemd.services.search: /run/search/settings is hidden from the service, which names it; to make it visible, set systemd.services.search.nsguard.bindPaths = [ "/run/search" ]; and, for paths that another unit makes, systemd.services.search.after = [ "search-init.service" ];''
    "systemd.services.unnamed: /srv/web, the home of the service's user, is hidden from it, and the unit names no path there; if the service needs a directory in it, add the whole path of that directory to systemd.services.unnamed.serviceConfig.ReadWritePaths"
    ''systemd.services.whole-system: /srv/mail, /srv/web are hidden from the service, whose commands name /, because its capabilities open other accounts' homes; to show them to the service, set systemd.services.whole-system.serviceConfig.ReadWritePaths = [ "-/srv/mail" "-/srv/web" ]; to keep them hidden without this warning, set systemd.services.whole-system.serviceConfig.InaccessiblePaths = [ "-/srv/mail" "-/srv/web" ];''
  ];
}
