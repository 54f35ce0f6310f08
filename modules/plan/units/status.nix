# The status of a namespace for the users who may run commands in it: a socket of their group, over which `nsguard
# status` answers. It reads nothing from the connection, and leaves out what services wrote.
{ tools, names }:
{ name, namespace }:
if !names.runs namespace then
  { }
else
  {
    "${names.statusUnit name}.socket" = import ./group-socket.nix {
      netns = names.netnsUnit name;
      description = "Status of network namespace ${name}";
      path = names.statusSocket name;
      group = names.runGroup name namespace;
      limits = {
        # Each connection is a process of root.
        MaxConnections = 16;
        MaxConnectionsPerSource = 4;
      };
    };

    "${names.statusUnit name}@.service" = {
      wantedBy = [ ];
      unitConfig = {
        Description = "Status of network namespace ${name}";
        CollectMode = "inactive-or-failed";
      };
      serviceConfig = {
        ExecStart = "${tools.nsguard} status ${name} --json --no-lines";
        # Exit status 1 means that something is down.
        SuccessExitStatus = 1;
        StandardInput = "null";
        StandardOutput = "socket";
        StandardError = "journal";
        # For a client that connects and does not read.
        RuntimeMaxSec = 30;
        # It enters the namespace, queries WireGuard, and lists the processes inside.
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
