# What is wrong with the devices that a service is granted.
let
  inherit (builtins)
    concatMap
    filter
    head
    match
    toJSON
    ;
  inherit (import ./problem.nix) named roundabout;
  inherit (import ../confinement/binds.nix) plain;

  # Devices by their path below /dev. Being root's is enough to open a disk, whatever capabilities are missing.
  closed = at: [
    {
      names = "core|k?mem|port|cpu(/.*)?|dax[0-9].*|uio[0-9]+";
      what = "gives access to the memory, ports or processors of the whole machine";
      fix = "remove it";
    }
    {
      names = "kmsg";
      what = "is the kernel's log, which tells the host's addresses";
      fix = "remove it";
    }
    {
      names =
        "(([hsv]|xv|das)d[a-z].*|root)|(nvme|ng)[0-9].*|(disk|block|mapper|zvol|cciss)(/.*)?|md(/.*)?"
        + "|(bcache|dm-|drbd|loop|md|mmcblk|mtd|mtdblock|nbd|pmem|ram|rbd|ubi|ublkb|zd|zram)[0-9].*";
      what = "is a disk, on which the service could read and change the host's files";
      fix = "mount it, and grant a directory of it: ${at}.bindPaths = [ \"/srv/…\" ];";
    }
  ];

  doubtful = [
    {
      names = "net(/.*)?|ppp|(ip|mac)?v?tap[0-9]+|vhost-.*|vsock|cdc-wdm.*|wwan.*";
      what = "may lead to a network other than the tunnel";
    }
    {
      names = "sg[0-9]+|bsg(/.*)?";
      what = "may be a disk, on which the service could read and change the host's files";
    }
    {
      names = "input(/.*)?|uinput|uhid|hidraw[0-9]+|console|tty[0-9]+|vcs.*";
      what = "may show what users of the host type, or type in their place";
    }
  ];

  # Directories of devices that are no disks. LVM makes one for each group of volumes, by any name.
  directories = "accel|bus|char|dma_heap|dri|dvb|hugepages|infiniband|input|mapper|net|nvidia-caps|serial|snd|tpmrm|usb|v4l|vfio";
  volume = path: match "/dev/[^/]+/.+" path != null && match "/dev/(${directories})/.*" path == null;

  unknown = {
    names = ".*";
    what = "may be a volume of LVM, on which the service could read and change the host's files";
  };

  # The first entry of a list that matches; a list of at most one.
  kindOf =
    kinds: path:
    let
      found = filter (kind: match "/dev/(${kind.names})" (plain path) != null) kinds;
    in
    if found == [ ] then [ ] else [ (head found) ];
in
{
  # name, service -> problems
  problems =
    name: service:
    let
      at = "${named "services" name}.nsguard";
      where = "${at}.devices";
    in
    concatMap (
      path:
      let
        isDevice =
          match "/dev/[A-Za-z0-9_/.-]+" path != null
          && !roundabout path
          && match "/dev/(shm|mqueue|log|fd|pts|std.*)(/.*)?" path == null;
      in
      if isDevice then
        map (kind: {
          inherit where;
          inherit (kind) fix;
          what = "${toJSON path} ${kind.what}";
        }) (kindOf (closed at) path)
      else
        [
          {
            inherit where;
            what = "${toJSON path} is not a device";
            fix = "name a device below /dev, or a directory of devices";
          }
        ]
    ) service.devices;

  warnings =
    name: service:
    concatMap (
      path:
      map (kind: {
        where = "${named "services" name}.nsguard.devices";
        what = "${toJSON path} ${kind.what}";
        fix = "remove it, unless the service does not work without";
      }) (kindOf (doubtful ++ (if volume (plain path) then [ unknown ] else [ ])) path)
    ) service.devices;
}
