# What an accepted configuration expects of its machine, so that the machine boots and the services run: programs,
# accounts, directories, and files with keys, all of which hold the lab's key.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (config) nsguard;
  confined = lib.filterAttrs (_: s: s.nsguard.namespace != null) config.systemd.services;

  # A script that runs for ever stands in for a program that neither the store nor Debian has. With -t, by which nginx
  # tests its configuration, it succeeds; if systemd waits for it to fork, it forks.
  program = type: path: ''
    if [ ! -e ${path} ]; then
      mkdir -p ${dirOf path}
      printf '#!/bin/sh\ncase " $* " in *" -t "*) exit ;; esac\n${
        {
          oneshot = "";
          forking = "sleep infinity &";
        }
        .${type} or "exec sleep infinity"
      }\n' >${path}
      chmod 755 ${path}
    fi
  '';
  bare = word: lib.head (builtins.match "[-@:+!|]*(.*)" (lib.replaceStrings [ "\"" ] [ "" ] word));
  programsOf =
    s: key:
    lib.concatMap (
      command:
      lib.take 1 (
        lib.filter (word: lib.hasPrefix "/" word && !lib.hasPrefix builtins.storeDir word) (
          map bare (lib.splitString " " command)
        )
      )
    ) (lib.concatMap (lib.splitString " ; ") (lib.toList (s.serviceConfig.${key} or [ ])));
  programs =
    # Of all services, because a confined one may depend on another. NixOS's own have their programs in the store.
    lib.concatMap (
      s:
      map (program (s.serviceConfig.Type or "simple")) (programsOf s "ExecStart")
      ++ lib.concatMap (key: map (program "oneshot") (programsOf s key)) [
        "ExecCondition"
        "ExecStartPre"
        "ExecStartPost"
      ]
    ) (lib.attrValues config.systemd.services)
    ++ [ (program "simple" "/bin/packaged") ]
    ++ map (app: program "simple" app.command) (lib.attrValues nsguard.apps);

  tunnels = lib.attrValues nsguard.tunnels;
  given = lib.filter (file: file != null);
in
{
  imports = [ ./stand-in.nix ];

  # The machine's own; a specification as a module names a stand-in that only evaluates (../eval/nixos.nix).
  systemd.package = lib.mkForce pkgs.systemd;

  system.activationScripts.programs = lib.concatStrings programs;

  users.groups = lib.genAttrs [ "app" "daemon" "media" "staff" "torrent" "www-data" ] (_: { });
  users.users =
    lib.genAttrs [ "app" "daemon" "torrent" "www-data" ] (name: {
      isSystemUser = true;
      group = name;
    })
    // {
      alice = {
        isNormalUser = true;
        uid = 1000;
      };
    };

  # Units that the configuration expects from a package.
  systemd.packages = lib.mapAttrsToList (
    name: _:
    pkgs.writeTextDir "lib/systemd/system/${name}.service" "[Service]\nExecStart=/bin/packaged\n"
  ) (lib.filterAttrs (_: s: s.overrideStrategy == "asDropin") confined);

  systemd.tmpfiles.rules =
    map (file: "L ${file} - - - - /etc/nsguard-lab/client.conf") (
      given (map (tunnel: tunnel.configFile) tunnels)
    )
    ++ map (file: "f ${file} 0600 - - - xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=") (
      given (map (peer: peer.presharedKeyFile) (lib.concatMap (tunnel: tunnel.peers) tunnels))
    )
    # The machine has no such devices: files stand in for them.
    ++ map (file: "f ${file} 0666") [
      "/dev/dri/card0"
      "/run/secrets/environment"
      "/run/secrets/k"
    ]
    ++ map (directory: "d ${directory} 0777") [
      "/dev/dri"
      "/boot"
      "/data/media/downloads"
      "/data/shared"
      "/etc/configured/conf.d"
      "/export/home/alice/Music"
      "/home/alice/.ssh"
      "/home/alice/Downloads"
      "/home/alice/Music"
      "/run/by-nobody"
      "/run/by-tmpfiles/in"
      "/run/freeciv/own"
      "/run/late"
      "/run/postgresql"
      "/persist/var/lib/db"
      "/root/.ssh"
      "/run/secrets/token"
      "/srv/data"
      "/srv/films"
      "/srv/people/alice/Music"
      "/tmp/transcoded"
      "/usr/share/app"
      "/var/lib/films/new"
      "/var/lib/metrics"
    ];

  environment.etc = {
    # The machine has no partitions: what its file systems are counts for the evaluation alone.
    fstab.text = lib.mkForce "";
    # What the test expects.
    "accepted.json".text = builtins.toJSON {
      # namespaces, services and apps, and sockets that activate a service
      tunnels = lib.mapAttrs (_: namespace: nsguard.tunnels.${namespace.tunnel}.type) nsguard.namespaces;
      services =
        lib.mapAttrs (_: s: s.nsguard.namespace) confined
        // lib.mapAttrs' (name: app: lib.nameValuePair "nsguard-app-${name}" app.namespace) nsguard.apps;
      # all of them are in the first namespace
      sockets =
        lib.mapAttrs
          (_: socket: [
            socket.listenStreams
            (lib.head (lib.attrNames nsguard.namespaces))
          ])
          (
            lib.filterAttrs (
              _: socket: socket.socketConfig.NetworkNamespacePath or [ ] != [ ]
            ) config.systemd.sockets
          );
      inherit (config) warnings;
    };
  }
  # The packages of users' profiles are not available here.
  // lib.mapAttrs' (
    _: user:
    lib.nameValuePair "profiles/per-user/${user.name}" { source = lib.mkForce pkgs.emptyDirectory; }
  ) (lib.filterAttrs (_: user: user.packages != [ ]) config.users.users);
}
