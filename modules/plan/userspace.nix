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
{
  BindPaths = "/run/${sockets}";
  # For the link and for the mark of its packets (tun(4), socket(7)).
  CapabilityBoundingSet = "CAP_NET_ADMIN";
  DeviceAllow = "/dev/net/tun rw";
  DevicePolicy = "closed";
  KeyringMode = "private";
  LimitCORE = 0;
  LockPersonality = true;
  MemoryDenyWriteExecute = true;
  NoNewPrivileges = true;
  PrivateIPC = true;
  PrivateTmp = true;
  ProcSubset = "pid";
  ProtectClock = true;
  ProtectControlGroups = true;
  ProtectHome = true;
  ProtectHostname = true;
  ProtectKernelLogs = true;
  ProtectKernelModules = true;
  ProtectKernelTunables = true;
  ProtectProc = "invisible";
  ProtectSystem = "strict";
  RemoveIPC = true;
  RestrictAddressFamilies = "AF_INET AF_INET6 AF_NETLINK AF_UNIX";
  RestrictNamespaces = true;
  RestrictRealtime = true;
  RestrictSUIDSGID = true;
  # Those of other tunnels are in the same directory.
  RuntimeDirectory = sockets;
  RuntimeDirectoryMode = "0700";
  RuntimeDirectoryPreserve = true;
  SystemCallArchitectures = "native";
  SystemCallErrorNumber = "EPERM";
  SystemCallFilter = [
    "@system-service"
    "~@privileged @resources"
  ];
  # Other programs' keys and sockets; /var/run must stay, by which it finds its own.
  TemporaryFileSystem = "/etc:ro /root:ro /run:ro,mode=0755 /var/lib:ro";
  UMask = "0077";
}
