# Ways out by a unit's own properties, in every spelling that systemd treats alike.
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
    inherit (import ../vpn.nix) tunnels namespaces;
    accounts.alice = {
      home = "/data/alice";
      person = true;
    };
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
      # systemd opens these as root, whoever the service runs as.
      logging = service {
        User = "alice";
        OpenFile = [
          "/etc/cron.d/logging:table"
          "/data/alice/.profile:profile:append"
          "/etc/passwd:users:graceful,read-only"
          "/srv/data:data"
        ];
        StandardError = "truncate:/home/bob/.bashrc";
        StandardOutput = "append:/usr/bin/logging";
      };
      # A file of the system may have the name of the service's directory, and /etc is no service's.
      posing = service {
        ConfigurationDirectory = "posing shadow";
        OpenFile = [
          "/etc/posing:posing"
          "/etc/posing/state"
        ];
        ReadWritePaths = "/etc/shadow";
      };
      pointing = service {
        ConfigurationDirectory = [
          "."
          ".."
          "//"
        ];
        ReadWritePaths = "/etc";
        RuntimeDirectory = "./";
      };
      # Some are not root's alone.
      served = service {
        User = "app";
        ReadWritePaths = [
          "/etc/aliases"
          "/etc/crontab"
          "/etc/served"
        ];
      };
      streaming = service {
        OpenFile = [
          "/srv/../etc/cron.d/x:x"
          "/nix/store/abc/conf"
        ];
        StandardError = "append:/%i/cron.d/x";
        StandardOutput = "append:/srv/../etc/cron.d/x";
      };
      templated = service {
        ReadWritePaths = "/var/lib/%i /var/lib/app-%i";
        StandardError = "append:/var/log/%i";
        StandardOutput = "append:/var/lib/%J";
      };
      typing = service {
        StandardError = "file:/dev/tty1";
        StandardInput = "tty-force";
        StandardOutput = "journal+console";
      };
      reloading = service {
        DelegateNamespaces = [
          ""
          "no"
        ];
        ExecReloadPost = "+/bin/app";
      };
      kernel = service {
        BPFDelegateAttachments = "any";
        BPFDelegateCommands = [ "BPFProgLoad" ];
        BPFDelegateMaps = "";
        BPFDelegatePrograms = "BPFProgTypeKprobe";
        LUOSession = "state cache";
        PrivateBPF = true;
      };
      named = service {
        RuntimeDirectory = "named nscd udev";
        StateDirectory = "named NetworkManager:leases";
      };
      linked = service {
        LogsDirectory = "linked::ro";
        RuntimeDirectory = "linked:poses linked:nscd nsguard/vpn";
        StateDirectory = "linked:sss:ro linked:sss-backup";
      };
      images = service {
        MountImages = "/srv/image.raw:/etc";
        RootMStack = "/srv/root.mstack";
        ExtensionImages = "/srv/more.raw";
        RootImage = "/srv/root.raw";
      };
      matching = service {
        EnvironmentFile = [
          "-/run/sys?emd/netif/leases/*"
          "/r[u]n/nscd/x"
          "/var/lib/{dhcpcd,app}/env"
          "%t/*/env"
          "/run/systemd/netif/leases/*"
          "/run/matching/*.env"
          "/run/matching-*.env"
          "/var/lib/match[ei]ng/env"
          "-/etc/matching/[0-9]?.{env,conf}"
        ];
      };
      session = service {
        User = "alice";
        DelegateNamespaces = [
          "mnt"
          "~user"
        ];
        PAMName = "login";
      };
      legacy = service {
        User = "alice";
        ExecStartPre = "/bin/chown alice /srv";
        DelegateNamespaces = false;
        PermissionsStartOnly = true;
      };
      writer = service {
        ReadWritePaths = [
          "/srv"
          "-/etc"
          "/proc/sys/kernel"
        ];
      };
      # A user may own these.
      later = service {
        User = "alice";
        BindPaths = [
          "/usr/local/bin"
          "/usr/local/share:/srv/share"
          "/var/spool:/srv/spool"
          "/var/spool:/var/spool"
          "/var/spool/mail:/srv/mail"
        ];
        BindReadOnlyPaths = "/var/spool/at:/srv/at";
        ReadWritePaths = [
          "/var/spool"
          "/var/spool/mail"
          "-/var/spool/cron"
          "/var/spool//cron/crontabs"
          "+/usr/local/bin"
          "/nix/var/nix/profiles/per-user"
        ];
      };
      # Root owns all of these, and anybody may be given some of them.
      started = service {
        BindPaths = [
          "/boot:/srv/boot"
          "/etc/nixos"
          "/run/binfmt"
          "/root/.ssh"
          "/home/alice/.config"
          "/data/alice/.local/bin"
          "/home/alice/.cache"
          "/home/alice/.config/app"
          "/home/alice/.config/autostart-scripts"
          "/home/alice/.config/hypr"
          "/data/alice/.config/kitty/kitty.conf"
          "/data/alice/.local/share/gnome-shell/extensions"
        ];
        BindReadOnlyPaths = [
          "/etc/cron.d"
          "/root/.ssh"
        ];
        ConfigurationDirectory = "started profile.d/started";
        ReadWritePaths = [
          "/etc/cron.d"
          "-/etc/app/conf"
          "/etc/started"
          "/etc/rc.local"
          "/usr/share/app"
          "'/srv/quoted'"
          "/var/lib/systemd/linger"
        ];
        StateDirectory = "started nixos";
      };
      given = service {
        User = "alice";
        BindPaths = [
          "/usr/share/app"
          "/home/alice/.ssh"
        ];
        ConfigurationDirectory = "given:systemd/system";
        ReadWritePaths = [
          "/etc/app"
          "/etc/nixos"
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
    ''systemd.services.elsewhere.serviceConfig: binding "/run:/elsewhere" would give access to daemons of the host, which act outside the namespace; remove it''
    ''systemd.services.elsewhere.serviceConfig: binding "/:/host" would give access to daemons of the host, which act outside the namespace; remove it''
    ''systemd.services.elsewhere.serviceConfig: binding "-/var/lib/./sss" would give access to daemons of the host, which act outside the namespace; remove it''
    ''systemd.services.given.serviceConfig: "/home/alice/.ssh" contains what a login outside the namespace starts or reads; name another directory, show it with BindReadOnlyPaths, or accept that with systemd.services.given.nsguard.bindPaths = [ "/home/alice/.ssh" ];''
    ''systemd.services.given.serviceConfig.ConfigurationDirectory: "/etc/systemd/system" is a system path, and programs outside the namespace run files in it; choose another name, or, if the service is a part of the system, leave it unconfined: systemd.services.given.nsguard.namespace = lib.mkForce null;''
    ''systemd.services.given.serviceConfig.ReadWritePaths: "/etc/nixos" is a system path, and programs outside the namespace run files in it; name a data directory''
    "systemd.services.images.serviceConfig.ExtensionImages: nsguard cannot replace /etc in another tree of files, so names would be looked up as that tree says; remove it (systemd.services.images.serviceConfig.ExtensionImages = lib.mkForce [ ]; where a module sets it)"
    "systemd.services.images.serviceConfig.MountImages: nsguard cannot replace /etc in another tree of files, so names would be looked up as that tree says; remove it (systemd.services.images.serviceConfig.MountImages = lib.mkForce [ ]; where a module sets it)"
    "systemd.services.images.serviceConfig.RootImage: nsguard cannot replace /etc in another tree of files, so names would be looked up as that tree says; remove it (systemd.services.images.serviceConfig.RootImage = lib.mkForce [ ]; where a module sets it)"
    "systemd.services.images.serviceConfig.RootMStack: nsguard cannot replace /etc in another tree of files, so names would be looked up as that tree says; remove it (systemd.services.images.serviceConfig.RootMStack = lib.mkForce [ ]; where a module sets it)"
    "systemd.services.kernel.serviceConfig.BPFDelegateAttachments: the service could load programs into the kernel, which see the whole machine's packets and processes; remove it (systemd.services.kernel.serviceConfig.BPFDelegateAttachments = lib.mkForce [ ]; where a module sets it)"
    "systemd.services.kernel.serviceConfig.BPFDelegateCommands: the service could load programs into the kernel, which see the whole machine's packets and processes; remove it (systemd.services.kernel.serviceConfig.BPFDelegateCommands = lib.mkForce [ ]; where a module sets it)"
    "systemd.services.kernel.serviceConfig.BPFDelegatePrograms: the service could load programs into the kernel, which see the whole machine's packets and processes; remove it (systemd.services.kernel.serviceConfig.BPFDelegatePrograms = lib.mkForce [ ]; where a module sets it)"
    "systemd.services.kernel.serviceConfig.LUOSession: what the service keeps across a kexec would come back to it outside the namespace that made it; remove it (systemd.services.kernel.serviceConfig.LUOSession = lib.mkForce [ ]; where a module sets it)"
    ''systemd.services.later.serviceConfig: "/usr/local/bin" is a system path, and programs outside the namespace run files in it; name a data directory''
    ''systemd.services.later.serviceConfig: "/usr/local/share:/srv/share" is a system path, and programs outside the namespace run files in it; name a data directory''
    ''systemd.services.later.serviceConfig: "/var/spool:/srv/spool" is a system path, and programs outside the namespace run files in it; name a data directory''
    ''systemd.services.later.serviceConfig.ReadWritePaths: "-/var/spool/cron" is a system path, and programs outside the namespace run files in it; name a data directory''
    ''systemd.services.later.serviceConfig.ReadWritePaths: "/var/spool//cron/crontabs" is a system path, and programs outside the namespace run files in it; name a data directory''
    ''systemd.services.later.serviceConfig.ReadWritePaths: "+/usr/local/bin" is a system path, and programs outside the namespace run files in it; name a data directory''
    ''systemd.services.later.serviceConfig.ReadWritePaths: "/nix/var/nix/profiles/per-user" is a system path, and programs outside the namespace run files in it; name a data directory''
    "systemd.services.legacy.serviceConfig.PermissionsStartOnly: every command but ExecStart would run with full privileges and see the host's sockets; set it to false (lib.mkForce false where a module sets it), or accept that with systemd.services.legacy.nsguard.allowPrivilegedCommands = true;"
    ''systemd.services.linked.serviceConfig.RuntimeDirectory: "/run/nscd" is the directory of a daemon of the host; choose another name, or, if the service is that daemon, leave it unconfined: systemd.services.linked.nsguard.namespace = lib.mkForce null;''
    ''systemd.services.linked.serviceConfig.RuntimeDirectory: "/run/nsguard/vpn" is the directory of a daemon of the host; choose another name, or, if the service is that daemon, leave it unconfined: systemd.services.linked.nsguard.namespace = lib.mkForce null;''
    ''systemd.services.linked.serviceConfig.StateDirectory: "/var/lib/sss" is the directory of a daemon of the host; choose another name, or, if the service is that daemon, leave it unconfined: systemd.services.linked.nsguard.namespace = lib.mkForce null;''
    ''systemd.sockets.listening: connections to "/run/s.sock" are made on the host and would tell the service the host's addresses; let it listen on a port, and set nsguard.namespaces.vpn.publish.listening = { listen = [ "/run/s.sock" ]; port = …; }; or, if it serves programs of the host, leave it unconfined: systemd.services.listening.nsguard.namespace = lib.mkForce null;''
    ''systemd.sockets.listening: "vsock::22" reaches the whole machine, because AF_VSOCK has no network namespaces; let it listen on a TCP or UDP port''
    ''systemd.services.logging.serviceConfig.OpenFile: "/etc/cron.d/logging:table" is a file of the system, which programs outside the namespace run or read; write "/etc/cron.d/logging:table:read-only", so that the service can only read it''
    ''systemd.services.logging.serviceConfig.OpenFile: "/data/alice/.profile:profile:append" is started or read by a login outside the namespace; write "/data/alice/.profile:profile:read-only", so that the service can only read it, or accept that with systemd.services.logging.nsguard.bindPaths = [ "/data/alice/.profile" ];''
    ''systemd.services.logging.serviceConfig.StandardOutput: "append:/usr/bin/logging" is a file of the system, which programs outside the namespace run or read; name a file in a data directory, or accept that it can change the system's files with systemd.services.logging.nsguard.hardening.readOnlySystem = false;''
    ''systemd.services.logging.serviceConfig.StandardError: "truncate:/home/bob/.bashrc" is started or read by a login outside the namespace; name a file in a data directory, or accept that with systemd.services.logging.nsguard.bindPaths = [ "/home/bob/.bashrc" ];''
    ''systemd.services.matching.serviceConfig.EnvironmentFile: "/run/systemd/netif/leases/*" belongs to the host's network or to a daemon outside the namespace; remove it''
    ''systemd.services.matching.serviceConfig.EnvironmentFile: "-/run/sys?emd/netif/leases/*" may match files of the host's network or of a daemon outside the namespace; write the path without *, ?, [ and {, or use these only in a directory of the service's own''
    ''systemd.services.matching.serviceConfig.EnvironmentFile: "/r[u]n/nscd/x" may match files of the host's network or of a daemon outside the namespace; write the path without *, ?, [ and {, or use these only in a directory of the service's own''
    ''systemd.services.matching.serviceConfig.EnvironmentFile: "/var/lib/{dhcpcd,app}/env" may match files of the host's network or of a daemon outside the namespace; write the path without *, ?, [ and {, or use these only in a directory of the service's own''
    ''systemd.services.matching.serviceConfig.EnvironmentFile: "%t/*/env" may match files of the host's network or of a daemon outside the namespace; write the path without *, ?, [ and {, or use these only in a directory of the service's own''
    ''systemd.services.named.serviceConfig.RuntimeDirectory: "/run/nscd" is the directory of a daemon of the host; choose another name, or, if the service is that daemon, leave it unconfined: systemd.services.named.nsguard.namespace = lib.mkForce null;''
    ''systemd.services.named.serviceConfig.RuntimeDirectory: "/run/udev" is a system path, and programs outside the namespace run files in it; choose another name, or, if the service is a part of the system, leave it unconfined: systemd.services.named.nsguard.namespace = lib.mkForce null;''
    ''systemd.services.named.serviceConfig.StateDirectory: "/var/lib/NetworkManager" is the directory of a daemon of the host; choose another name, or, if the service is that daemon, leave it unconfined: systemd.services.named.nsguard.namespace = lib.mkForce null;''
    ''systemd.services.opened.serviceConfig: binding "/run//nscd/socket:nscd:read-only" would give access to daemons of the host, which act outside the namespace; remove it''
    ''systemd.services.opened.serviceConfig.EnvironmentFile: "-/run/systemd/netif/leases/2" belongs to the host's network or to a daemon outside the namespace; remove it''
    ''systemd.services.opened.serviceConfig.LoadCredential: "lease:/var/lib/dhcpcd/eth0.lease" belongs to the host's network or to a daemon outside the namespace; remove it''
    ''systemd.services.opened.serviceConfig.StandardInput: "file:/run/nscd/socket" belongs to the host's network or to a daemon outside the namespace; remove it''
    ''systemd.services.pointing.serviceConfig.ConfigurationDirectory: "/etc/." is a system path, and programs outside the namespace run files in it; choose another name, or, if the service is a part of the system, leave it unconfined: systemd.services.pointing.nsguard.namespace = lib.mkForce null;''
    ''systemd.services.pointing.serviceConfig.ConfigurationDirectory: "/etc///" is a system path, and programs outside the namespace run files in it; choose another name, or, if the service is a part of the system, leave it unconfined: systemd.services.pointing.nsguard.namespace = lib.mkForce null;''
    ''systemd.services.pointing.serviceConfig.RuntimeDirectory: "/run/./" is a system path, and programs outside the namespace run files in it; choose another name, or, if the service is a part of the system, leave it unconfined: systemd.services.pointing.nsguard.namespace = lib.mkForce null;''
    ''systemd.services.pointing.serviceConfig.ReadWritePaths: "/etc" is a system path, and programs outside the namespace run files in it; name a data directory, or accept that it can change the system's files with systemd.services.pointing.nsguard.hardening.readOnlySystem = false;''
    ''systemd.services.posing.serviceConfig.OpenFile: "/etc/posing:posing" is a file of the system, which programs outside the namespace run or read; write "/etc/posing:posing:read-only", so that the service can only read it, or accept that it can change the system's files with systemd.services.posing.nsguard.hardening.readOnlySystem = false;''
    ''systemd.services.posing.serviceConfig.ConfigurationDirectory: "/etc/shadow" is a system path, and programs outside the namespace run files in it; choose another name, or, if the service is a part of the system, leave it unconfined: systemd.services.posing.nsguard.namespace = lib.mkForce null;''
    ''systemd.services.posing.serviceConfig.ReadWritePaths: "/etc/shadow" is a system path, and programs outside the namespace run files in it; name a data directory''
    ''systemd.services.quoted.serviceConfig: "'/run/nscd'" cannot be read with certainty; write absolute paths without quotes, backslashes and ".."''
    ''systemd.services.quoted.serviceConfig: "/run/\\nscd" cannot be read with certainty; write absolute paths without quotes, backslashes and ".."''
    ''systemd.services.quoted.serviceConfig: "/srv/../run/nscd" cannot be read with certainty; write absolute paths without quotes, backslashes and ".."''
    ''systemd.services.quoted.serviceConfig: "/srv/%I" cannot be read with certainty; write absolute paths without quotes, backslashes and ".."''
    ''systemd.services.reloading.serviceConfig.ExecReloadPost: "+/bin/app" runs with full privileges and sees the host's sockets because of its prefix; remove the + or !, or accept that with systemd.services.reloading.nsguard.allowPrivilegedCommands = true;''
    ''systemd.services.resolving.serviceConfig: binding "%t/nscd" would give access to daemons of the host, which act outside the namespace; remove it''
    ''systemd.services.served.serviceConfig.ReadWritePaths: "/etc/aliases" is a system path, and programs outside the namespace run files in it; name a data directory''
    ''systemd.services.served.serviceConfig.ReadWritePaths: "/etc/crontab" is a system path, and programs outside the namespace run files in it; name a data directory''
    "systemd.services.session.serviceConfig.DelegateNamespaces: the service would own namespaces that confine it, and could change what is mounted there; remove it (systemd.services.session.serviceConfig.DelegateNamespaces = lib.mkForce [ ]; where a module sets it)"
    "systemd.services.session.serviceConfig.PAMName: PAM would open a session on the host and move the service's processes out of the unit into it; remove it (systemd.services.session.serviceConfig.PAMName = lib.mkForce [ ]; where a module sets it)"
    ''systemd.services.started.serviceConfig: "/boot:/srv/boot" is a system path, and programs outside the namespace run files in it; name a data directory, or accept that it can change the system's files with systemd.services.started.nsguard.hardening.readOnlySystem = false;''
    ''systemd.services.started.serviceConfig: "/etc/nixos" is a system path, and programs outside the namespace run files in it; name a data directory''
    ''systemd.services.started.serviceConfig: "/run/binfmt" is a system path, and programs outside the namespace run files in it; name a data directory''
    ''systemd.services.started.serviceConfig: "/root/.ssh" contains what a login outside the namespace starts or reads; name another directory, show it with BindReadOnlyPaths, or accept that with systemd.services.started.nsguard.bindPaths = [ "/root/.ssh" ];''
    ''systemd.services.started.serviceConfig: "/home/alice/.config" contains what a login outside the namespace starts or reads; name another directory, show it with BindReadOnlyPaths, or accept that with systemd.services.started.nsguard.bindPaths = [ "/home/alice/.config" ];''
    ''systemd.services.started.serviceConfig: "/data/alice/.local/bin" contains what a login outside the namespace starts or reads; name another directory, show it with BindReadOnlyPaths, or accept that with systemd.services.started.nsguard.bindPaths = [ "/data/alice/.local/bin" ];''
    ''systemd.services.started.serviceConfig: "/home/alice/.config/autostart-scripts" contains what a login outside the namespace starts or reads; name another directory, show it with BindReadOnlyPaths, or accept that with systemd.services.started.nsguard.bindPaths = [ "/home/alice/.config/autostart-scripts" ];''
    ''systemd.services.started.serviceConfig: "/home/alice/.config/hypr" contains what a login outside the namespace starts or reads; name another directory, show it with BindReadOnlyPaths, or accept that with systemd.services.started.nsguard.bindPaths = [ "/home/alice/.config/hypr" ];''
    ''systemd.services.started.serviceConfig: "/data/alice/.config/kitty/kitty.conf" contains what a login outside the namespace starts or reads; name another directory, show it with BindReadOnlyPaths, or accept that with systemd.services.started.nsguard.bindPaths = [ "/data/alice/.config/kitty/kitty.conf" ];''
    ''systemd.services.started.serviceConfig: "/data/alice/.local/share/gnome-shell/extensions" contains what a login outside the namespace starts or reads; name another directory, show it with BindReadOnlyPaths, or accept that with systemd.services.started.nsguard.bindPaths = [ "/data/alice/.local/share/gnome-shell/extensions" ];''
    ''systemd.services.started.serviceConfig.ConfigurationDirectory: "/etc/profile.d/started" is a system path, and programs outside the namespace run files in it; choose another name, or, if the service is a part of the system, leave it unconfined: systemd.services.started.nsguard.namespace = lib.mkForce null;''
    ''systemd.services.started.serviceConfig.StateDirectory: "/var/lib/nixos" is a system path, and programs outside the namespace run files in it; choose another name, or, if the service is a part of the system, leave it unconfined: systemd.services.started.nsguard.namespace = lib.mkForce null;''
    ''systemd.services.started.serviceConfig.ReadWritePaths: "/etc/cron.d" is a system path, and programs outside the namespace run files in it; name a data directory''
    ''systemd.services.started.serviceConfig.ReadWritePaths: "-/etc/app/conf" is a system path, and programs outside the namespace run files in it; name a data directory, or, if /etc/app belongs to the service alone, set systemd.services.started.serviceConfig.ConfigurationDirectory = [ "app" ];''
    ''systemd.services.started.serviceConfig.ReadWritePaths: "/etc/rc.local" is a system path, and programs outside the namespace run files in it; name a data directory''
    ''systemd.services.started.serviceConfig.ReadWritePaths: "/usr/share/app" is a system path, and programs outside the namespace run files in it; name a data directory, or accept that it can change the system's files with systemd.services.started.nsguard.hardening.readOnlySystem = false;''
    ''systemd.services.started.serviceConfig.ReadWritePaths: "'/srv/quoted'" cannot be read with certainty; write absolute paths without quotes, backslashes and ".."''
    ''systemd.services.started.serviceConfig.ReadWritePaths: "/var/lib/systemd/linger" is a system path, and programs outside the namespace run files in it; name a data directory''
    ''systemd.services.streaming.serviceConfig.OpenFile: "/srv/../etc/cron.d/x:x" cannot be read with certainty; write absolute paths without quotes, backslashes and ".."''
    ''systemd.services.streaming.serviceConfig.OpenFile: "/nix/store/abc/conf" is a file of the system, which programs outside the namespace run or read; write "/nix/store/abc/conf::read-only", so that the service can only read it''
    ''systemd.services.streaming.serviceConfig.StandardOutput: "append:/srv/../etc/cron.d/x" cannot be read with certainty; write absolute paths without quotes, backslashes and ".."''
    ''systemd.services.streaming.serviceConfig.StandardError: "append:/%i/cron.d/x" cannot be read with certainty; name a directory of the service before the specifier''
    ''systemd.services.templated.serviceConfig.StandardOutput: "append:/var/lib/%J" cannot be read with certainty; name a directory of the service before the specifier''
    ''systemd.services.templated.serviceConfig.ReadWritePaths: "/var/lib/%i" cannot be read with certainty; name a directory of the service before the specifier''
    ''systemd.services.typing.serviceConfig.StandardInput: "tty-force" is a terminal of the host, from which the service would read or to which it would write; set systemd.services.typing.serviceConfig.StandardInput = lib.mkForce "null";''
    ''systemd.services.typing.serviceConfig.StandardOutput: "journal+console" is a terminal of the host, from which the service would read or to which it would write; set systemd.services.typing.serviceConfig.StandardOutput = lib.mkForce "journal";''
    ''systemd.services.typing.serviceConfig.StandardError: "file:/dev/tty1" is a device of the host; remove it, or grant it with systemd.services.typing.nsguard.devices = [ "/dev/tty1" ];''
    ''systemd.services."user@".nsguard.namespace: a user's service manager runs the whole session, and its units would stay in the host's namespace; confine the services themselves, or define nsguard.apps.<name>''
    ''systemd.services.writer.serviceConfig.ReadWritePaths: "-/etc" is a system path, and programs outside the namespace run files in it; name a data directory, or accept that it can change the system's files with systemd.services.writer.nsguard.hardening.readOnlySystem = false;''
    ''systemd.services.writer.serviceConfig.ReadWritePaths: "/proc/sys/kernel" is a system path, and programs outside the namespace run files in it; name a data directory''
  ];
}
