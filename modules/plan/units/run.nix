# `nsguard run` and `nsguard shell`: a socket that the namespace's users may connect to, and a unit for each command.
#
# The unit is confined by the same properties as a service. It starts as root, with the three capabilities that it needs
# to become the caller; the command then runs as the caller, without capabilities, and cannot gain any.
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
      # For instance an ssh client's control socket, or an agent that makes requests for its clients.
      guards = "sockets in the homes, which commands share with the host";
      properties.RestrictAddressFamilies = "AF_INET AF_INET6 AF_NETLINK";
    };
  };
  wanted = kept "run" records;

  # In a user namespace of its own the supervisor could not take on the caller's groups: systemd before version 258
  # denies setgroups(2) there. The command has no capabilities, so it does not need that protection.
  becoming = [ "private-users" ];

  # The supervisor itself checks its namespace before it reads the request: a separate process for the check would take
  # longer than the rest of the start.
  verifying = [ "namespace-check" ];

  # With `homes = "shared"` commands see the callers' homes, and so may not use sockets with a path.
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
          ${socket} = import ./group-socket.nix {
            netns = names.netnsUnit name;
            description = "Commands for network namespace ${name}";
            path = names.runSocket name;
            inherit group;
            limits = {
              # Beyond these numbers systemd closes new connections at once.
              MaxConnections = 128;
              MaxConnectionsPerSource = 64;
              # A paused socket must not leave a long queue.
              Backlog = 128;
            };
          };

          "${names.runUnit name}@.service" = {
            wantedBy = [ ];
          }
          // confine {
            unit = "${names.runUnit name}@.service";
            namespace = name;
            # To become the caller, and to send signals to processes of the caller.
            capabilities = [
              "CAP_SETUID"
              "CAP_SETGID"
              "CAP_KILL"
            ];
            asRoot = false;
            nests = true;
            # The command has the same user as the caller's other processes; own-processes hides those from it, with the
            # supervisor as process 1. Standard output is the caller's, so nothing needs to connect it to the journal.
            # The supervisor gets the caller's connection.
            loosened = homes.loosened ++ [
              "journal-connection"
              "own-sockets"
            ];
            homes = users;
            # Homes below /var/lib would be hidden otherwise.
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
              # Running commands go on when the configuration changes; the next command uses the new one.
              X-RestartIfChanged = false;
            }
            // homes.properties;
          };
        };
      };

  protections = listed "run" records;
}
