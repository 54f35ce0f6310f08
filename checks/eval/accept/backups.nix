# NixOS: a backup that would lack what is hidden from the service has a warning, and so has a home that a unit names.
let
  confined = serviceConfig: {
    nsguard.namespace = "vpn";
    serviceConfig = {
      ExecStart = "/usr/bin/true";
      User = "alice";
    }
    // serviceConfig;
  };
  restic = paths: {
    inherit paths;
    repository = "/srv/restic";
    passwordFile = "/etc/restic";
  };
  borg = paths: {
    inherit paths;
    repo = "/srv/borg";
    encryption.mode = "none";
  };
  inNamespace.nsguard.namespace = "vpn";
in
{
  module = {
    nsguard = import ../vpn.nix;
    users.users.alice.isNormalUser = true;
    users.users.data = {
      isSystemUser = true;
      group = "users";
      home = "/srv/data";
    };
    services.restic.backups = {
      all = restic [ "/" ];
      alice = restic [ "/home/alice" ];
      fine = restic [
        "/etc"
        "/srv"
        "/var/lib/postgresql"
        "/home/alice/Documents"
      ];
      found = restic null // {
        dynamicFilesFrom = "find /home/bob -name *.txt";
      };
      shown = restic [ "/home" ];
    };
    services.borgbackup.jobs = {
      patterns = borg [ "/home/*/Documents" ];
      state = borg "/var/lib";
    };
    systemd.services = {
      restic-backups-all = inNamespace;
      restic-backups-alice = inNamespace;
      restic-backups-fine.nsguard = inNamespace.nsguard // {
        bindPaths = [ "/home/alice/Documents" ];
      };
      restic-backups-found = inNamespace;
      restic-backups-shown.nsguard = inNamespace.nsguard // {
        hardening.hiddenHomes = false;
      };
      borgbackup-job-patterns = inNamespace;
      borgbackup-job-state = inNamespace;
      begins = confined { WorkingDirectory = "/home/alice"; };
      names = confined { ExecStart = "/usr/bin/tar -cf /srv/alice.tar -C /home/alice ."; };
      # A variable that says where the home is names nothing in it.
      home = confined { Environment = "HOME=/home/alice"; } // {
        environment.HOME = "/home/alice";
        preStart = "export HOME=/home/alice";
      };
    };
  };

  facts =
    config:
    builtins.filter (
      text: builtins.match "systemd\\.services\\..*(backup would|home).*" text != null
    ) config.warnings;

  expected = [ ];
}
