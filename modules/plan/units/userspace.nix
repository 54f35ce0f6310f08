# What a process that is the tunnel may do on the host: make its link, mark and send packets, hear wg(8). Nothing else.
# It holds the tunnel's keys and reads what the far end sends, so a fault in it must not be one of the host.
type:
let
  # Where each program listens for its tool.
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
  # For the link and for the mark of its packets (tun(4), socket(7)).
  CapabilityBoundingSet = "CAP_NET_ADMIN";
  DeviceAllow = "/dev/net/tun rw";
  LimitCORE = 0;
  NoNewPrivileges = true;
  PrivateTmp = true;
  ProtectSystem = "strict";
  RemoveIPC = true;
  RestrictAddressFamilies = "AF_INET AF_INET6 AF_NETLINK AF_UNIX";
  RestrictSUIDSGID = true;
  # Those of other tunnels are in the same directory.
  RuntimeDirectory = sockets;
  RuntimeDirectoryMode = "0700";
  RuntimeDirectoryPreserve = true;
  SystemCallFilter = [
    "@system-service"
    "~@privileged @resources"
  ];
  # Other programs' keys and sockets; /var/run must stay, by which it finds its own.
  TemporaryFileSystem = "/etc:ro /root:ro /run:ro,mode=0755 /var/lib:ro";
}
