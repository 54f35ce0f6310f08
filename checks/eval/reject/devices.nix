# Devices that open the host: root's number is enough to open a disk, without any capability.
{
  specification = {
    inherit (import ../vpn.nix) tunnels namespaces;
    services.app = {
      namespace = "vpn";
      devices = [
        "/dev/mem"
        "/dev/core"
        "/dev/cpu/0/msr"
        "/dev/kmsg"
        "/dev/sda"
        "/dev/vda1"
        "/dev/nvme0n1p2"
        "/dev/mmcblk0"
        "/dev/dm-0"
        "/dev/md/home"
        "/dev/mapper/home"
        "/dev/disk/by-label/home"
        "/dev/block"
        "/dev/loop0"
        "/dev/kmem/"
        "/dev/root"
        "/dev/uio0"
      ];
      serviceConfig.ExecStart = "/bin/app";
    };
  };
  messages =
    let
      message = path: what: "systemd.services.app.nsguard.devices: \"${path}\" ${what}";
      machine =
        path:
        message path "gives access to the memory, ports or processors of the whole machine; remove it";
      disk =
        path:
        message path ''is a disk, on which the service could read and change the host's files; mount it, and grant a directory of it: systemd.services.app.nsguard.bindPaths = [ "/srv/…" ];'';
    in
    [
      (machine "/dev/mem")
      (machine "/dev/core")
      (machine "/dev/cpu/0/msr")
      (message "/dev/kmsg" "is the kernel's log, which tells the host's addresses; remove it")
      (disk "/dev/sda")
      (disk "/dev/vda1")
      (disk "/dev/nvme0n1p2")
      (disk "/dev/mmcblk0")
      (disk "/dev/dm-0")
      (disk "/dev/md/home")
      (disk "/dev/mapper/home")
      (disk "/dev/disk/by-label/home")
      (disk "/dev/block")
      (disk "/dev/loop0")
      (machine "/dev/kmem/")
      (disk "/dev/root")
      (machine "/dev/uio0")
    ];
}
