# Services of many kinds, confined: what they need of systemd must go on working. The program is the test's.
let
  program = "/usr/bin/python3 /opt/nsguard-test/service.py";

  children = "/bin/sh -c 'for number in $$(seq 300); do /bin/echo child $$number; done'";

  aborts = "/bin/sh -c 'kill -ABRT $$$$'";

  told =
    properties:
    service (
      {
        # SIGTERM follows as soon as what ExecStop= says has been done.
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

  # A test starts it again and again.
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

    # Their users are made at start, and are known by name inside.
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

    # They can't, in process numbers of their own.
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

    # Systemd listens for it.
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

    # A unit for each connection, of a user made for it.
    "each@" =
      service {
        DynamicUser = true;
        StateDirectory = "each";
        StandardInput = "socket";
        ExecStart = "-${program} each";
      }
      // {
        sockets.each.socketConfig = {
          ListenStream = 7002;
          Accept = true;
        };
      };

    # Its instances share nothing but what they are.
    "instance@" = service {
      Type = "notify";
      DynamicUser = true;
      StateDirectory = "instance-%i";
      RuntimeDirectory = "instance-%i";
      CacheDirectory = "instance-%i";
    };

    # What it is let in besides: a directory of the host's /run, and one in a home.
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

    # As many processes as lines, each gone as soon as it has written.
    children-root = service {
      Type = "oneshot";
      ExecStart = children;
    };
    children-user = service {
      Type = "oneshot";
      User = "www-data";
      ExecStart = children;
    };

    # Catches no signal, and must end by one all the same.
    heedless = service {
      User = "www-data";
      ExecStart = "/usr/bin/sleep infinity";
    };
    heedless-root = service {
      ExecStart = "/usr/bin/sleep infinity";
    };
    # Its main process alone is told to end, by a signal of its own. With process numbers of its own, systemd would kill it
    # at once now and then.
    mixed-root = often {
      KillSignal = "SIGINT";
      ExecStart = "/usr/bin/sleep infinity";
    };
    # Its last words come when systemd stops it, or when it fails.
    last-words = often {
      ExecStart =
        "/bin/sh -c 'trap \"echo told; exit\" TERM; trap \"echo reason; exit 7\" HUP; echo ready;"
        + " while :; do sleep 0.1; done'";
      ExecReload = "/bin/kill -HUP $MAINPID";
    };
    # Killed by a signal that is no clean end, it is tried again.
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

    # Its other commands signal it, by what the plan makes of these lines.
    told-root = told { };
    told-user = told {
      User = "www-data";
      # Of its own accord it would not even have the calls that this takes.
      SystemCallFilter = [
        "@system-service"
        "~mq_open mq_unlink mq_timedsend"
      ];
    };
  };
}
