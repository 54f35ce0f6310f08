# Binds of paths that are private in a namespace, or that nsguard provides, are dropped in every spelling; others stay.
# freeciv and syncoid of nixpkgs bind /run, cryptpad /proc, scion /dev/shm, and several the host's resolv.conf.
let
  service = serviceConfig: {
    namespace = "vpn";
    serviceConfig = {
      ExecStart = "/usr/bin/true";
      User = "nobody";
    }
    // serviceConfig;
  };
in
{
  specification = {
    inherit (import ../vpn.nix) tunnels namespaces;
    services = {
      run = service {
        RootDirectory = "/run/freeciv";
        RuntimeDirectory = "freeciv";
        BindReadOnlyPaths = [
          "/nix/store"
          "/etc"
          "/run"
          "/bin/sh"
        ];
        BindPaths = "%t/freeciv/own";
      };
      # aesmd's shape
      rooted =
        service {
          RootDirectory = "%t/aesmd";
          PAMName = [ ];
        }
        // {
          unitConfig.JoinsNamespaceOf = [ ];
        };
      spellings = service {
        BindPaths = [
          "/run/ -//run //var/run/. %t %t/. /run/./"
          "/srv/data:/srv/inside"
        ];
      };
      files = service {
        BindReadOnlyPaths = [
          "-/etc/resolv.conf"
          "/etc/hosts -/etc//nsswitch.conf"
          "/etc/tetrd/resolv.conf:/etc/resolv.conf"
          "/run/systemd/resolve/stub-resolv.conf"
          "/run/systemd/journal/socket"
          "/dev/shm:/run/shm"
          "/dev/shm"
          "/proc"
          "-/etc/ssl/certs"
        ];
      };
      another = {
        bindPaths = [ "/run/postgresql" ];
        devices = [ "/dev/dri" ];
      }
      // service {
        BindPaths = [
          "/run/postgresql"
          "/run/redis"
          "/run/secrets/token"
          "/dev/dri/card0"
          "/dev/video0"
          "/home/alice/Music"
        ];
      };
    };
  };

  facts =
    planned:
    let
      ours = [
        "/run/systemd/notify"
        "/run/systemd/journal/stdout"
        "/run/systemd/journal/socket"
        "/run/systemd/journal/dev-log"
        "/run/nsguard/vpn/inside:/run/nsguard"
        "-/run/current-system"
        "-/run/opengl-driver"
        "-/var/lib/acme"
        "/run/nsguard/vpn/terminals/pts:/dev/pts"
      ];
      left =
        name:
        let
          config = planned.units."${name}.service".serviceConfig;
        in
        builtins.filter (path: !builtins.elem path ours) (
          config.BindReadOnlyPaths or [ ] ++ config.BindPaths or [ ]
        );
    in
    {
      run = left "run";
      root = planned.units."rooted.service".serviceConfig.RootDirectory or null;
      spellings = left "spellings";
      files = left "files";
      another = left "another";
    };

  expected = {
    run = [
      "/nix/store"
      "/bin/sh"
      "%t/freeciv/own"
      "/run/freeciv"
    ];
    root = null;
    spellings = [ "/srv/data:/srv/inside" ];
    files = [ "-/etc/ssl/certs" ];
    another = [
      "/run/postgresql"
      "/run/secrets/token"
      "/dev/dri/card0"
      "/home/alice/Music"
      "/run/postgresql"
      "-/dev/dri"
    ];
  };
}
