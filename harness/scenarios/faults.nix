# A namespace in which each service has a fault of its own, to test what `nsguard status` and `nsguard doctor` report.
# Only services without a fault start with the machine; the test starts the others, and they fail.
let
  demo = import ./demo.nix;

  confined = serviceConfig: {
    namespace = "vpn";
    inherit serviceConfig;
  };
  service =
    more:
    confined (
      {
        ExecStart = "/usr/bin/sleep infinity";
        User = "www-data";
        Group = "www-data";
      }
      // more
    );
  shell = script: "/bin/sh -c '${script}'";
  web =
    port: service { ExecStart = "/usr/bin/python3 -m http.server ${toString port} --bind 127.0.0.1"; };
in
demo
// {
  namespaces.vpn = demo.namespaces.vpn // {
    publish.web = {
      listen = [ "127.0.0.1:8091" ];
      port = 9091;
    };
    publish.blocked = {
      listen = [ "127.0.0.1:8092" ];
      port = 9092;
    };
    hostServices.database.port = 5432;
    portForwarding = {
      enable = true;
      lifetimeSeconds = 4;
      # With a command to run, a unit watches a port that a script opened.
      onChange = "/usr/bin/true";
    };
  };

  services = demo.services // {
    path-missing = service {
      BindPaths = "/srv/nowhere";
      # with "exec" the start itself fails, and units that require this one wait for that
      Type = "exec";
    };
    path-hidden = service { ReadWritePaths = "/run/lab-hidden"; };
    directory-hidden = service { WorkingDirectory = "/home/lab-hidden"; };
    program-missing = service { ExecStart = "/usr/bin/nowhere"; };
    program-hidden = service { ExecStart = "/home/lab-hidden/program"; };
    user-missing = confined {
      ExecStart = "/usr/bin/sleep infinity";
      User = "nobody-has-this";
    };
    group-missing = service { Group = "nobody-has-this"; };
    secret-missing = service { LoadCredential = "password:/run/lab-secrets/password"; };
    call-forbidden = service {
      ExecStart = "/usr/bin/python3 -c 'import time; time.clock_settime(0, 0)'";
      SystemCallFilter = "~clock_settime";
    };
    fails = service { ExecStart = shell "echo the database is locked >&2; exit 3"; };
    crashes = service { ExecStart = shell "kill -ABRT $$$$"; };
    late = service {
      Type = "notify";
      TimeoutStartSec = 1;
    };
    loops =
      service {
        ExecStart = shell "echo no such option --bind; exit 1";
        Restart = "always";
        RestartSec = "200ms";
      }
      // {
        unitConfig.StartLimitIntervalSec = 0;
      };
    limited = service {
      ExecStart = shell "exit 4";
      Restart = "always";
      RestartSec = "1ms";
    };
    needy = service { } // {
      unitConfig = {
        Requires = [ "path-missing.service" ];
        After = [ "path-missing.service" ];
      };
      wantedBy = [ "multi-user.target" ];
    };
    forgotten = service { };
    # With "exec" the start ends when the program runs: before that, systemd's process 1 of the unit loses signals.
    stopped = service { Type = "exec"; } // {
      wantedBy = [ "multi-user.target" ];
    };
    web = web 9091;
    beside = web 9093;
    blocked = web 9092;
    waiting = service { } // {
      waitForHandshake = 1;
      wantedBy = [ "multi-user.target" ];
    };
    follower = service { } // {
      bindPaths = [ "/run/owner" ];
    };
    taken = service { } // {
      sockets.taken.socketConfig.ListenStream = "127.0.0.1:9092";
    };
  };
}
