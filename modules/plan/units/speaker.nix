# A process that talks to a socket of the host on behalf of an app or a service, which gets a socket of this process.
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
    # It uses sockets with a path only.
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
