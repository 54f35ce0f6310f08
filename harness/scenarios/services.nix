# Confined services of many kinds: what they need from systemd must still work. The test provides their program.
let
  program = "/usr/bin/python3 /opt/nsguard-test/service.py";

  children = "/bin/sh -c 'for number in $$(seq 300); do /bin/echo child $$number; done'";

  aborts = "/bin/sh -c 'kill -ABRT $$$$'";

  told =
    properties:
    service (
      {
        # It ignores SIGTERM, because systemd sends it as soon as the commands of ExecStop= have ended.
        ExecStart =
          "/bin/sh -c 'trap \"\" TERM; trap \"echo heard HUP\" HUP; trap \"echo heard INT; exit\" INT; echo ready;"
          + " while :; do sleep 0.1; done'";
        ExecReload = [
          "/bin/echo about to reload"
          "+/bin/kill -HUP $MAINPID"
        ];
        ExecStop = "/bin/kill -s SIGINT $MAINPID";
      }
      // properties
    );

  service = properties: {
    namespace = "vpn";
    serviceConfig = {
      ExecStart = program;
    }
    // properties;
  };

  # A test starts it many times in a row.
  often =
    properties:
    service ({ KillMode = "mixed"; } // properties) // { unitConfig.StartLimitIntervalSec = 0; };
in
{
  tunnels.lab.configFile = "/etc/nsguard-lab/client.conf";
  namespaces.vpn = {
    tunnel = "lab";
    hosts."10.66.0.5" = [ "nas.example.org" ];
  };

  services = {
    dynamic = service {
      Type = "notify";
      DynamicUser = true;
      RuntimeDirectory = "dynamic dynamic-too";
      StateDirectory = "dynamic";
      CacheDirectory = "dynamic";
      LogsDirectory = "dynamic";
      LoadCredential = "secret:/etc/nsguard-lab/secret";
    };

    # systemd creates the users of these at start, and they are known by name inside.
    named = service {
      Type = "oneshot";
      DynamicUser = true;
      StateDirectory = "named";
      Environment = "HOME=/var/lib/named";
      ExecStart = "${program} names";
    };
    "9lives@" = service {
      Type = "oneshot";
      DynamicUser = true;
      StateDirectory = "lives";
      Group = "www-data";
      ExecStart = "${program} names";
    };
    named-privileged =
      service {
        Type = "oneshot";
        DynamicUser = true;
        StateDirectory = "named-privileged";
        ExecStart = "!${program} names";
      }
      // {
        allowPrivilegedCommands = true;
      };
    named-outside =
      service {
        Type = "oneshot";
        DynamicUser = true;
        StateDirectory = "named-outside";
        ExecStart = "+${program} names";
      }
      // {
        allowPrivilegedCommands = true;
      };
    named-static = service {
      Type = "oneshot";
      User = "www-data";
      StateDirectory = "named-static";
      ExecStart = "${program} names";
    };

    ordinary = service {
      Type = "notify";
      User = "www-data";
      RuntimeDirectory = "ordinary";
      StateDirectory = "ordinary";
      EnvironmentFile = "/etc/nsguard-lab/environment";
    };

    brief = service {
      ExecStart = "/bin/echo brief";
      Type = "oneshot";
      User = "www-data";
    };

    superuser = service {
      Type = "notify";
      StateDirectory = "superuser";
      RuntimeDirectory = "superuser";
    };

    # Type=forking does not work in process numbers of its own.
    forking =
      service {
        ExecStart = "${program} fork";
        Type = "forking";
        User = "www-data";
        StateDirectory = "forking";
      }
      // {
        hardening.ownProcesses = false;
      };
    forking-root =
      service {
        ExecStart = "${program} fork";
        Type = "forking";
        StateDirectory = "forking-root";
      }
      // {
        hardening.ownProcesses = false;
      };

    once = service {
      Type = "oneshot";
      User = "www-data";
      StateDirectory = "once";
      ExecStart = "${program} once";
    };

    owner =
      service {
        Type = "oneshot";
        StateDirectory = "owner";
        ExecStart = "${program} own";
      }
      // {
        capabilities = [
          "CAP_CHOWN"
          "CAP_SETUID"
          "CAP_SETGID"
        ];
      };

    # systemd listens for this service.
    listening =
      service {
        User = "www-data";
        StateDirectory = "listening";
        ExecStart = "${program} listen";
      }
      // {
        sockets.listening = {
          socketConfig.ListenStream = 7001;
          wantedBy = [ "sockets.target" ];
        };
      };

    # A unit for each connection, with a user that systemd creates for it. Each command gets the connection.
    "each@" =
      service {
        DynamicUser = true;
        StateDirectory = "each";
        StandardInput = "socket";
        ExecStartPre = "${program} each";
        ExecStart = "-${program} each";
      }
      // {
        sockets.each.socketConfig = {
          ListenStream = 7002;
          Accept = true;
        };
      };

    # Its instances share nothing but their template.
    "instance@" = service {
      Type = "notify";
      DynamicUser = true;
      StateDirectory = "instance-%i";
      RuntimeDirectory = "instance-%i";
      CacheDirectory = "instance-%i";
    };

    # It is granted a directory of the host's /run, and one in a home.
    visitor =
      service {
        Type = "oneshot";
        User = "www-data";
        StateDirectory = "visitor";
        ExecStart = "${program} visit";
      }
      // {
        bindPaths = [
          "/run/shared"
          "/home/alice/Music:/home/music"
        ];
      };

    # A process for each line, which ends as soon as it has written it.
    children-root = service {
      Type = "oneshot";
      ExecStart = children;
    };
    children-user = service {
      Type = "oneshot";
      User = "www-data";
      ExecStart = children;
    };

    # It handles no signal, and must end by one all the same.
    heedless = service {
      User = "www-data";
      ExecStart = "/usr/bin/sleep infinity";
    };
    heedless-root = service {
      ExecStart = "/usr/bin/sleep infinity";
    };
    # systemd signals only its main process, by SIGINT. With process numbers of its own, it would sometimes be killed at
    # once.
    mixed-root = often {
      KillSignal = "SIGINT";
      ExecStart = "/usr/bin/sleep infinity";
    };
    # It writes its last line when systemd stops it, or when it fails.
    last-words = often {
      ExecStart =
        "/bin/sh -c 'trap \"echo told; exit\" TERM; trap \"echo reason; exit 7\" HUP; echo ready;"
        + " while :; do sleep 0.1; done'";
      ExecReload = "/bin/kill -HUP $MAINPID";
    };
    # A signal that is no clean end kills it, so systemd restarts it.
    killed-root = service {
      Restart = "on-failure";
      StartLimitBurst = 2;
      ExecStart = aborts;
    };
    killed-user = service {
      User = "www-data";
      Restart = "on-abort";
      StartLimitBurst = 2;
      ExecStart = aborts;
    };

    # Its other commands signal its main process; the plan replaces these lines.
    told-root = told { };
    told-user = told {
      User = "www-data";
      # Its own list even denies the system calls that this takes.
      SystemCallFilter = [
        "@system-service"
        "~mq_open mq_unlink mq_timedsend"
      ];
    };
  };
}
