# The status of a namespace for those who may run commands in it: a socket of their group's, over which `nsguard status`
# answers. Nothing that comes over it is read, so there is nothing to ask for; what services wrote is left out.
{ tools, names }:
{ name, namespace }:
if !names.runs namespace then
  { }
else
  {
    "${names.statusUnit name}.socket" = {
      unitConfig.Description = "Status of network namespace ${name}";
      socketConfig = {
        ListenStream = names.statusSocket name;
        SocketGroup = names.runGroup name namespace;
        SocketMode = "0660";
        Accept = true;
        # Each is a process of root's.
        MaxConnections = 16;
        MaxConnectionsPerSource = 4;
        TriggerLimitIntervalSec = 0;
        RemoveOnStop = true;
      };
      wantedBy = [ "sockets.target" ];
    };

    "${names.statusUnit name}@.service" = {
      wantedBy = [ ];
      unitConfig = {
        Description = "Status of network namespace ${name}";
        CollectMode = "inactive-or-failed";
      };
      serviceConfig = {
        ExecStart = "${tools.nsguard} status ${name} --json --no-lines";
        # 1 says that something is down.
        SuccessExitStatus = 1;
        StandardInput = "null";
        StandardOutput = "socket";
        StandardError = "journal";
        # For one who connects and does not read.
        RuntimeMaxSec = 30;
        # It enters the namespace, asks WireGuard, and looks which processes are inside.
        CapabilityBoundingSet = "CAP_SYS_ADMIN CAP_NET_ADMIN CAP_SYS_PTRACE";
        NoNewPrivileges = true;
        PrivateTmp = true;
        ProtectHome = true;
        ProtectSystem = "strict";
        RestrictAddressFamilies = "AF_UNIX AF_INET AF_INET6 AF_NETLINK";
        SystemCallArchitectures = "native";
      };
    };
  }
