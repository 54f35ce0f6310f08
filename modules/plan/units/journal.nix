# How the host's journal treats what services log.
{ without }:
let
  inherit (builtins) attrValues concatStringsSep;
  inherit (import ../protections.nix { inherit without; }) kept listed;

  records = {
    wall = {
      # The journal shows messages of the level emerg at all terminals, including their escape sequences. It cannot
      # select by unit which messages it shows.
      guards = "terminals of the host's users, at which the journal shows what a service calls an emergency";
      text = "ForwardToWall=no";
    };
  };
in
{
  # Read by systemd-journald when it starts (journald.conf(5)).
  files."/etc/systemd/journald.conf.d/nsguard.conf" =
    concatStringsSep "\n" (
      [ "[Journal]" ] ++ map (record: record.text) (attrValues (kept "host" records))
    )
    + "\n";

  protections = listed "host" records;
}
