# What the process that runs a tunnel may do on the host: create its link, mark and send packets, answer wg(8), and
# nothing else. It holds the tunnel's keys and parses what the far end sends, so a fault in it must not give access to
# the host.
{
  type,
  root,
  # Paths that it sees besides its program.
  more,
}:
let
  # The directory of each program's socket for its tool.
  sockets =
    {
      wireguard = "wireguard";
      amneziawg = "amneziawg";
    }
    .${type};
in
import ../confinement/hardening.nix
// {
  # Its socket, where it looks for it, and the device of its link. The root directory is otherwise empty, so that it
  # sees no other program's keys or sockets. With the host's root directory, systemd would copy all mounts of the host
  # and unmount the covered ones one by one: beside fifty namespaces the start took three times as long.
  RootDirectory = root;
  BindLogSockets = false;
  BindPaths = [
    "/run/${sockets}:/var/run/${sockets}"
    "-/dev/net/tun"
  ];
  # The program, and the libraries that it is linked to.
  BindReadOnlyPaths = [
    "-/nix/store"
    "-/usr"
    "-/lib"
    "-/lib64"
  ]
  ++ more;
  # To create the link and to mark packets (tun(4), socket(7)).
  CapabilityBoundingSet = "CAP_NET_ADMIN";
  DeviceAllow = "/dev/net/tun rw";
  LimitCORE = 0;
  NoNewPrivileges = true;
  PrivateDevices = true;
  PrivateTmp = true;
  ProtectSystem = "strict";
  RemoveIPC = true;
  RestrictAddressFamilies = "AF_INET AF_INET6 AF_NETLINK AF_UNIX";
  RestrictSUIDSGID = true;
  # The sockets of other tunnels are in the same directory.
  RuntimeDirectory = sockets;
  RuntimeDirectoryMode = "0700";
  RuntimeDirectoryPreserve = true;
  SystemCallFilter = [
    "@system-service"
    "~@privileged @resources"
  ];
  # Otherwise systemd mounts a writable one there.
  TemporaryFileSystem = "/run:ro,mode=0755";
}
