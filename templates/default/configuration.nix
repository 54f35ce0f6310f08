{
  nixpkgs.hostPlatform = "x86_64-linux";
  system.stateVersion = "26.05";

  # So that the example evaluates. Before you switch, put your own in place of these: disks, boot loader, users. On a
  # machine that runs NixOS they are in /etc/nixos.
  boot.loader.grub.enable = false;
  fileSystems."/" = {
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  };

  # The tunnel, as your provider delivers it; a secret's manager puts the file there.
  nsguard.tunnels.provider.configFile = "/run/secrets/provider.conf";
  nsguard.namespaces.vpn.tunnel = "provider";

  # The service, confined.
  services.prowlarr.enable = true;
  systemd.services.prowlarr.nsguard.namespace = "vpn";
}
