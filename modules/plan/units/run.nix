# `nsguard run` and `nsguard shell`: a socket that the namespace's users may connect to, and a unit for each command.
#
# The unit is confined as a service is, by the same properties. It starts as root, with just what it takes to become
# the caller; what then runs is the caller's, has no capability, and can get none.
{
  tools,
  names,
  confine,
  without,
}:
let
  inherit (import ../protections.nix { inherit without; }) kept listed;
  inherit (import ../confinement/homes.nix) homesOfUsers;

  records = {
    no-sockets-by-path = {
      # An ssh client's control socket, for instance, or an agent that fetches for its clients.
      guards = "sockets in the homes, which commands share with the host";
      properties.RestrictAddressFamilies = "AF_INET AF_INET6 AF_NETLINK";
    };
  };
  wanted = kept "run" records;

  # In users of its own, nobody could become the caller with all of the caller's groups: systemd denies setgroups(2)
  # there (before its version 258). A command that has no capability has none to be kept from counting, either.
  becoming = [ "private-users" ];

  # The supervisor looks for itself where it is, before it reads what is asked: another process would take longer than
  # all the rest of it.
  verifying = [ "namespace-check" ];

  # What lets the caller's homes in, and what that calls for.
  shared = {
    loosened = becoming ++ verifying ++ [ "hidden-homes" ];
    properties = wanted.no-sockets-by-path.properties or { };
  };
  hidden = {
    loosened = becoming ++ verifying;
    properties = { };
  };
in
{
  # { name, namespace, accounts } -> { units; groups; }
  run =
    {
      name,
      namespace,
      accounts,
    }:
    let
      group = names.runGroup name namespace;
      homes = if namespace.homes == "shared" then shared else hidden;
      users = homesOfUsers accounts namespace.users;
      socket = "${names.runUnit name}.socket";
    in
    if !names.runs namespace then
      {
        units = { };
        groups = { };
      }
    else
      {
        groups.${group} = namespace.users;
        units = {
          ${socket} = {
            unitConfig.Description = "Commands for network namespace ${name}";
            socketConfig = {
              ListenStream = names.runSocket name;
              SocketGroup = group;
              SocketMode = "0660";
              Accept = true;
              # Each is a process, whatever comes over it: beyond these, connections are closed at once.
              MaxConnections = 128;
              MaxConnectionsPerSource = 64;
              # A storm pauses the socket (PollLimitBurst=), and must not end it for good, nor leave a long queue.
              TriggerLimitIntervalSec = 0;
              Backlog = 128;
              RemoveOnStop = true;
            };
            wantedBy = [ "sockets.target" ];
          };

          "${names.runUnit name}@.service" = {
            wantedBy = [ ];
          }
          // confine {
            namespace = name;
            # Becoming the caller, and signalling what runs as the caller.
            capabilities = [
              "CAP_SETUID"
              "CAP_SETGID"
              "CAP_KILL"
            ];
            asRoot = false;
            nests = true;
            # The command runs as the same user as the caller's other processes, which own-processes keeps from it. The
            # supervisor is the first. What the commands get as standard output is their caller's.
            loosened = homes.loosened ++ [ "journal-connection" ];
            homes = users;
            # One in /var/lib is hidden otherwise.
            bindPaths = if namespace.homes == "shared" then map (home: "-${home}") users.people else [ ];
            unitConfig = {
              Description = "Command in network namespace ${name}";
              CollectMode = "inactive-or-failed";
            };
            serviceConfig = {
              ExecStart = "${tools.nsguard} supervise ${name} ${group}";
              StandardInput = "null";
              StandardOutput = "journal";
              TimeoutStopSec = 5;
              # What people run goes on while the configuration changes; the next command is by the new one.
              X-RestartIfChanged = false;
            }
            // homes.properties;
          };
        };
      };

  protections = listed "run" records;
}
