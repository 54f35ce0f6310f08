# A socket for the users who may run commands in a namespace: the members of a group. systemd starts a process for every
# connection.
#
# { netns, description, path, group, limits } -> unit; netns: the namespace's unit
{
  netns,
  description,
  path,
  group,
  limits,
}:
{
  unitConfig.Description = description;
  socketConfig = {
    ListenStream = path;
    SocketGroup = group;
    SocketMode = "0660";
    Accept = true;
    # Too many connections pause the socket (PollLimitBurst=); they must not stop it for good.
    TriggerLimitIntervalSec = 0;
    RemoveOnStop = true;
  }
  // limits;
  wantedBy = [
    "sockets.target"
    netns
  ];
}
