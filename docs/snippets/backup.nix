{
  nsguard.tunnels.provider.configFile = "/run/secrets/wg.conf";
  nsguard.namespaces.vpn.tunnel = "provider";

  services.restic.backups.photos = {
    paths = [
      "/home/alice/Photos"
      "/srv/photos"
    ];
    repository = "sftp:backup@host.example.org:/photos";
    passwordFile = "/etc/nixos/restic-password";
  };
  systemd.services.restic-backups-photos.nsguard = {
    namespace = "vpn";
    bindPaths = [ "/home/alice/Photos" ];
    capabilities = [ "CAP_DAC_READ_SEARCH" ];
  };
}
