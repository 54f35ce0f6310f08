# How a confined service tells systemd that it is ready (sd_notify(3)): through nsguard-init. nsguard-init holds the
# connection to systemd; the command reaches only a socket of nsguard-init's in the unit's own directory.
{ names }:
let
  inherit (import ../combine.nix) append set;

  never = [
    "0"
    "infinity"
  ];
in
# a service's own properties -> { needed; senders; relayed; direct; }
serviceConfig:
let
  text =
    property:
    let
      value = serviceConfig.${property} or null;
    in
    if value == null then "" else toString value;
  access = text "NotifyAccess";
  watched = text "WatchdogSec" != "" && !builtins.elem (text "WatchdogSec") never;
  needed =
    builtins.match "notify(-reload)?" (text "Type") != null
    || watched
    || !builtins.elem access [
      ""
      "none"
    ];
  # The sender is the unit's own process 1 or a child of the main process; nothing else in the unit has the connection.
  NotifyAccess = set "all";
in
{
  inherit needed;
  # systemd would return descriptors that it stored while the service ran unconfined, among them sockets of the host.
  keepingNothing = {
    FileDescriptorStoreMax = set 0;
    FileDescriptorStorePreserve = set false;
  };
  # Whose messages systemd would accept: those of the main process only, or of every process.
  senders =
    if
      builtins.elem access [
        "all"
        "exec"
      ]
    then
      "all"
    else
      "main";
  relayed = {
    inherit NotifyAccess;
    OpenFile = append [ "${names.notifySocket}:${names.notifyDescriptor}" ];
    TemporaryFileSystem = append [ "${names.notifyDirectory}:mode=1777,nosuid,nodev,noexec,size=64k" ];
  };
  # Without the relay.
  direct =
    if needed then
      {
        inherit NotifyAccess;
        BindReadOnlyPaths = append [ names.notifySocket ];
      }
    else
      { };
}
