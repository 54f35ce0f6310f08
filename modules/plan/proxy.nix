# What systemd-socket-proxyd may do, wherever it stands: take connections, make others, and hand bytes on.
{
  CapabilityBoundingSet = "";
  DevicePolicy = "closed";
  DynamicUser = true;
  KeyringMode = "private";
  # Six descriptors for each of 256 connections.
  LimitNOFILE = 2048;
  LockPersonality = true;
  MemoryDenyWriteExecute = true;
  PrivateDevices = true;
  PrivateIPC = true;
  PrivateUsers = true;
  ProcSubset = "pid";
  ProtectClock = true;
  ProtectControlGroups = true;
  ProtectHome = true;
  ProtectHostname = true;
  ProtectKernelLogs = true;
  ProtectKernelModules = true;
  ProtectKernelTunables = true;
  ProtectProc = "invisible";
  RestrictAddressFamilies = "AF_INET AF_INET6 AF_UNIX";
  RestrictNamespaces = true;
  RestrictRealtime = true;
  SocketBindDeny = "any";
  SystemCallArchitectures = "native";
  SystemCallErrorNumber = "EPERM";
  SystemCallFilter = [
    "@system-service"
    "~@privileged @resources @keyring io_uring_setup io_uring_enter io_uring_register"
  ];
  Type = "notify";
  UMask = "0077";
}
