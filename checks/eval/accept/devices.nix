# Devices by which a service may act outside have a warning; those that services usually need have none.
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services.app = {
      nsguard = {
        namespace = "vpn";
        devices = [
          "/dev/net/tun"
          "/dev/sg0"
          "/dev/uinput"
          "/dev/dri"
          "/dev/snd"
          "/dev/bus/usb"
          "/dev/ttyUSB0"
          "/dev/serial/by-id/usb-adapter"
          "/dev/video0"
          "/dev/sr0"
          "/dev/loop-control"
          "/dev/zfs"
          "/dev/kvm"
          "/dev/fuse"
          "/dev/vg0/root"
          "/dev/hidraw1"
          "/dev/tap7"
        ];
      };
      serviceConfig.ExecStart = "/bin/app";
    };
  };

  facts =
    config:
    builtins.filter (text: builtins.match "systemd\\.services\\..*" text != null) config.warnings;

  expected = [
    ''systemd.services.app.nsguard.devices: "/dev/net/tun" may lead to a network other than the tunnel; remove it, unless the service does not work without''
    ''systemd.services.app.nsguard.devices: "/dev/sg0" may be a disk, on which the service could read and change the host's files; remove it, unless the service does not work without''
    ''systemd.services.app.nsguard.devices: "/dev/uinput" may show what users of the host type, or type in their place; remove it, unless the service does not work without''
    ''systemd.services.app.nsguard.devices: "/dev/vg0/root" may be a volume of LVM, on which the service could read and change the host's files; remove it, unless the service does not work without''
    ''systemd.services.app.nsguard.devices: "/dev/hidraw1" may show what users of the host type, or type in their place; remove it, unless the service does not work without''
    ''systemd.services.app.nsguard.devices: "/dev/tap7" may lead to a network other than the tunnel; remove it, unless the service does not work without''
  ];
}
