# A process that speaks to a socket of the host's for an app or a service, which gets one of this process's instead.
{
  unitConfig,
  serviceConfig,
  directory,
  command,
  type ? "exec",
}:
{
  unitConfig = unitConfig // {
    StopWhenUnneeded = true;
  };
  serviceConfig = serviceConfig // {
    Type = type;
    ExecStart = builtins.concatStringsSep " " command;
    RuntimeDirectory = directory;
    RuntimeDirectoryMode = "0700";
    Restart = "on-failure";
    # It speaks to sockets with a path, and to nothing else.
    PrivateNetwork = true;
    RestrictAddressFamilies = "AF_UNIX";
    CapabilityBoundingSet = "";
    NoNewPrivileges = true;
    PrivateDevices = true;
    PrivateTmp = true;
    ProtectSystem = "strict";
    ProtectHome = "read-only";
    SystemCallArchitectures = "native";
  };
}
