# What the process that runs a tunnel may do on the host: create its link, mark and send packets, answer wg(8), and
# nothing else. It holds the tunnel's keys and parses what the far end sends, so a fault in it must not give access to
# the host.
type:
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
  BindPaths = "/run/${sockets}";
  # To create the link and to mark packets (tun(4), socket(7)).
  CapabilityBoundingSet = "CAP_NET_ADMIN";
  DeviceAllow = "/dev/net/tun rw";
  LimitCORE = 0;
  NoNewPrivileges = true;
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
  # Hides other programs' keys and sockets. /var/run must stay, because the process finds its own socket there.
  TemporaryFileSystem = "/etc:ro /root:ro /run:ro,mode=0755 /var/lib:ro";
}
