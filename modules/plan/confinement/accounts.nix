# The name of a unit's own user and group, where systemd makes them at start (systemd.exec(5), DynamicUser=). No file of the
# host has it, and systemd tells it by a socket that confined units do not have. nsguard-init, the first to know the number,
# writes the files to which the unit's /etc/passwd and /etc/group lead (pkgs/nsguard/init/accounts.c): they are private to
# the unit and hold what the host's hold, which any unit may read, and one line more.
{ names }:
let
  inherit (import ../combine.nix) isDynamic;

  ifDynamic = serviceConfig: list: if isDynamic serviceConfig then list else [ ];
in
{
  # Each command of the unit has a directory of its own, which its user writes, whoever that is.
  directory =
    serviceConfig:
    ifDynamic serviceConfig [
      "${names.accounts}:mode=1777,size=16M,nr_inodes=32,nosuid,nodev,noexec"
    ];

  # The host's files, which those of the overlay hide.
  binds =
    serviceConfig:
    ifDynamic serviceConfig [
      "-/etc/passwd:${names.accounts}/host/passwd"
      "-/etc/group:${names.accounts}/host/group"
    ];

  # Options of nsguard-init. A user without a name has that of the unit.
  front =
    serviceConfig:
    let
      user = serviceConfig.User or "%p";
    in
    ifDynamic serviceConfig [ "--accounts=${toString user}:${toString (serviceConfig.Group or user)}" ];
}
