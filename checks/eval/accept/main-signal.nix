# A command that signals the unit's main process by its number becomes nsguard-init with the signal's name, which needs
# no privileges. A script that does so has a warning.
let
  service = serviceConfig: {
    namespace = "vpn";
    serviceConfig = {
      ExecStart = "/bin/daemon";
      User = "daemon";
    }
    // serviceConfig;
  };
in
{
  specification = {
    tunnels.lab.configFile = "/run/secrets/lab.conf";
    namespaces.vpn.tunnel = "lab";
    services = {
      reloads = service {
        # As in nixpkgs' nginx, unbound and nats.
        ExecReload = [
          "/bin/daemon --test"
          "/nix/store/x-coreutils/bin/kill -HUP $MAINPID"
          "-+/bin/kill -s USR2 \"\${MAINPID}\""
        ];
        ExecStop = "/bin/kill -SIGINT $MAINPID";
        SystemCallFilter = [
          "@system-service"
          "~mq_open"
        ];
        Restart = "on-abnormal";
      };
      unlisted = service {
        ExecReload = "/bin/kill $MAINPID";
      };
      scripted = service {
        ExecStop = "/bin/stop $MAINPID";
      };
      loosened =
        service {
          ExecReload = "/bin/kill -HUP $MAINPID";
          ExecStop = "/bin/stop $MAINPID";
        }
        // {
          hardening.ownProcesses = false;
        };
    };
  };

  facts =
    planned:
    let
      config = name: planned.units."${name}.service".serviceConfig;
    in
    {
      reloads = {
        inherit (config "reloads")
          ExecStart
          ExecReload
          ExecStop
          RestartForceExitStatus
          SystemCallFilter
          ;
      };
      unlisted = {
        inherit (config "unlisted") ExecReload SystemCallFilter;
      };
      scripted = {
        inherit (config "scripted") ExecStart ExecStop;
      };
      loosened = {
        inherit (config "loosened") ExecStart ExecReload;
      };
      inherit (planned) warnings;
    };

  expected = {
    reloads = {
      ExecStart = "/usr/bin/nsguard-init --journal --netns=vpn --signalled --own-sockets /bin/daemon";
      ExecReload = [
        "/usr/bin/nsguard-init --journal --netns=vpn --own-sockets /bin/daemon --test"
        "/usr/bin/nsguard-init --journal --netns=vpn --own-sockets --signal=HUP"
        "-/usr/bin/nsguard-init --journal --netns=vpn --own-sockets --signal=USR2"
      ];
      ExecStop = "/usr/bin/nsguard-init --journal --netns=vpn --own-sockets --signal=INT";
      RestartForceExitStatus = [ "131 132 133 134 135 136 137 139 159" ];
      SystemCallFilter = [
        "@system-service"
        "~mq_open"
        "pipe2"
        "mq_open mq_unlink mq_timedsend mq_timedreceive"
        "~io_uring_setup:EPERM io_uring_enter:EPERM io_uring_register:EPERM @keyring:EPERM"
      ];
    };
    unlisted = {
      ExecReload = "/usr/bin/nsguard-init --journal --netns=vpn --own-sockets --signal=TERM";
      # The unit has no list of allowed calls, so none is added: alone, it would allow nothing else.
      SystemCallFilter = [
        "~io_uring_setup:EPERM io_uring_enter:EPERM io_uring_register:EPERM @keyring:EPERM"
      ];
    };
    scripted = {
      ExecStart = "/usr/bin/nsguard-init --journal --netns=vpn --own-sockets /bin/daemon";
      ExecStop = "/usr/bin/nsguard-init --journal --netns=vpn --own-sockets /bin/stop $MAINPID";
    };
    loosened = {
      ExecStart = "/usr/bin/nsguard-init --journal --netns=vpn --own-sockets /bin/daemon";
      ExecReload = "/usr/bin/nsguard-init --journal --netns=vpn --own-sockets /bin/kill -HUP $MAINPID";
    };
    warnings = [
      ''systemd.services.scripted: $MAINPID is of no use to the service's other commands, which have process numbers of their own; a command "kill -HUP $MAINPID" works, a script does not; write such a command as serviceConfig.ExecReload, or set systemd.services.scripted.nsguard.hardening.ownProcesses = false;''
    ];
  };
}
