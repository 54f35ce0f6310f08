{
  nixpkgs.hostPlatform = "x86_64-linux";
  system.stateVersion = "26.05";

  # Placeholders, so that the example evaluates. Before you switch, replace them with your own disks, boot loader and
  # users. On a machine that runs NixOS these are in /etc/nixos.
  boot.loader.grub.enable = false;
  fileSystems."/" = {
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  };

  # The tunnel's file, as your provider delivers it. A secret manager puts it there.
  nsguard.tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
  nsguard.namespaces.vpn.tunnel = "mullvad";

  # The service, confined, and its web page on this host: http://127.0.0.1:9696
  services.prowlarr.enable = true;
  systemd.services.prowlarr.nsguard.namespace = "vpn";
  nsguard.namespaces.vpn.publish.prowlarr = {
    listen = [ "127.0.0.1:9696" ];
    port = 9696;
  };
}
