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
  module = { lib, pkgs, ... }: {
    nsguard = import ../vpn.nix;
    # borgbackup's commands for its jobs, which nothing here runs
    environment.systemPackages = lib.mkForce [ pkgs.coreutils ];
    users.users.alice.isNormalUser = true;
    users.users.bob = {
      isNormalUser = true;
      home = "/srv/people/bob";
    };
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
        "/srv/photos"
        "/var/lib/postgresql"
        "/home/alice/Documents"
      ];
      found = restic null // {
        dynamicFilesFrom = "find /home/bob -name *.txt";
      };
      shown = restic [
        "/home"
        "/srv"
      ];
      excluding = restic [ "/" ] // {
        exclude = [
          "/home"
          "/root"
          "/var/lib"
          "/var/log"
          "/srv/people"
        ];
      };
      closed = restic [
        "/var/lib/NetworkManager"
        "~/notes"
      ];
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
      restic-backups-excluding = inNamespace;
      restic-backups-closed = inNamespace;
      duplicity = confined { };
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
      text: builtins.match "systemd\\.services\\..*(backup would|home|root).*" text != null
    ) config.warnings;

  expected = [
    "systemd.services.begins: /home/alice is hidden from the service, which names it; name a directory in it, which nsguard.bindPaths can show, or, to show all homes, set systemd.services.begins.nsguard.hardening.hiddenHomes = false;"
    ''systemd.services.borgbackup-job-patterns: /root/.config/borg, /root/.cache/borg are hidden from the service, which names them; to make them visible, set systemd.services.borgbackup-job-patterns.nsguard.bindPaths = [ "/root/.config/borg" "/root/.cache/borg" ];''
    ''systemd.services.borgbackup-job-patterns: the backup would lack /home, which is hidden from the service; to show homes to it, set systemd.services.borgbackup-job-patterns.nsguard = { hardening.hiddenHomes = false; capabilities = [ "CAP_DAC_READ_SEARCH" ]; }; or back up other paths''
    ''systemd.services.borgbackup-job-state: /root/.config/borg, /root/.cache/borg are hidden from the service, which names them; to make them visible, set systemd.services.borgbackup-job-state.nsguard.bindPaths = [ "/root/.config/borg" "/root/.cache/borg" ];''
    ''systemd.services.borgbackup-job-state: the backup would lack /var/lib, which is hidden from the service, except for what its unit names there; name each directory of other services, such as "/var/lib/postgresql", or leave the backup unconfined''
    "systemd.services.names: /home/alice is hidden from the service, which names it; name a directory in it, which nsguard.bindPaths can show, or, to show all homes, set systemd.services.names.nsguard.hardening.hiddenHomes = false;"
    "systemd.services.restic-backups-alice: /home/alice is hidden from the service, which names it; name a directory in it, which nsguard.bindPaths can show, or, to show all homes, set systemd.services.restic-backups-alice.nsguard.hardening.hiddenHomes = false;"
    ''systemd.services.restic-backups-all: the backup would lack /home, /root, /srv/people/bob, which are hidden from the service; to show homes to it, set systemd.services.restic-backups-all.nsguard = { hardening.hiddenHomes = false; capabilities = [ "CAP_DAC_READ_SEARCH" ]; }; or back up other paths''
    ''systemd.services.restic-backups-all: the backup would lack /var/lib, /var/log, which are hidden from the service, except for what its unit names there; name each directory of other services, such as "/var/lib/postgresql", or leave the backup unconfined''
    ''systemd.services.restic-backups-closed: /root/notes is hidden from the service, which names it; to make it visible, set systemd.services.restic-backups-closed.nsguard.bindPaths = [ "/root/notes" ];''
    "systemd.services.restic-backups-closed: the backup would lack /var/lib/NetworkManager, which is hidden from the service; back it up by a service that is not confined"
    "systemd.services.restic-backups-found: /home/bob is hidden from the service, which names it; name a directory in it, which nsguard.bindPaths can show, or, to show all homes, set systemd.services.restic-backups-found.nsguard.hardening.hiddenHomes = false;"
  ];
}
