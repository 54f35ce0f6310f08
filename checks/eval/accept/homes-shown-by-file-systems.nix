# NixOS: which file systems are bind mounts.
{
  module = {
    users.users = {
      alice.isNormalUser = true;
      # Its state is kept elsewhere.
      db = {
        isSystemUser = true;
        group = "users";
        home = "/var/lib/db";
      };
    };
    fileSystems = {
      "/export/home" = {
        device = "/home";
        options = [ "bind" ];
      };
      "/again" = {
        device = "/export";
        options = [ "ro,rbind" ];
      };
      "/mirror" = {
        device = "/home/alice";
        fsType = "fuse.bindfs";
      };
      "/root" = {
        device = "/persist/root";
        options = [
          "bind"
          "X-fstrim.notrim"
        ];
      };
      "/var/lib/db" = {
        device = "/persist/var/lib/db";
        options = [ "bind" ];
      };
      # A partition.
      "/home" = {
        device = "/dev/disk/by-label/homes";
        fsType = "ext4";
      };
    };
    nsguard = import ../vpn.nix;
    systemd.services = {
      app = {
        nsguard.namespace = "vpn";
        serviceConfig = {
          ExecStart = "/bin/app";
          User = "alice";
          # A home itself exists, and is empty.
          WorkingDirectory = "/export/home/alice";
          ReadWritePaths = [
            "/export/home/alice/Music"
            "/again/home/carol"
            "/again/home/carol/Music"
            "/mirror/Videos"
          ];
        };
      };
      db = {
        nsguard.namespace = "vpn";
        serviceConfig = {
          ExecStart = "/bin/db";
          User = "db";
        };
      };
    };
  };

  facts = config: {
    warnings = builtins.filter (text: builtins.match ".* hidden from .*" text != null) config.warnings;
    hidden = builtins.mapAttrs (
      _: service:
      builtins.filter (
        path:
        builtins.match "/(again|dev|export|mirror|persist)/?.*" path != null
        && path != "/dev/shm:mode=1777,nosuid,nodev"
      ) service.serviceConfig.TemporaryFileSystem
    ) { inherit (config.systemd.services) app db; };
  };

  expected = {
    warnings = [
      "systemd.services.app: /export/home/alice/Music, /again/home/carol/Music, /mirror/Videos are hidden from the service, which names them; to make them visible, set systemd.services.app.nsguard.bindPaths = [ \"/export/home/alice/Music\" \"/again/home/carol/Music\" \"/mirror/Videos\" ];"
    ];
    hidden =
      let
        hidden = [
          "/mirror:ro"
          "/persist/root:ro"
          "/export/home:ro"
          "/again/home:ro"
        ];
      in
      {
        app = hidden;
        db = hidden;
      };
  };
}
