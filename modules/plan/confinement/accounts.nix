# The names of a unit's own user and group if systemd creates them at start (systemd.exec(5), DynamicUser=). No file
# of the host has them, and systemd gives them through a socket that confined units do not have. nsguard-init, which
# knows the number first, writes the files to which the unit's /etc/passwd and /etc/group link
# (pkgs/nsguard/init/accounts.c). They are private to the unit, and contain the host's lines, which any unit may read,
# and one more.
{ names }:
let
  inherit (import ../combine.nix) isDynamic;

  ifDynamic = serviceConfig: list: if isDynamic serviceConfig then list else [ ];
in
{
  # Each command of the unit has its own directory, which the command's user can write, whoever that is.
  directory =
    serviceConfig:
    ifDynamic serviceConfig [
      "${names.accounts}:mode=1777,size=16M,nr_inodes=32,nosuid,nodev,noexec"
    ];

  # The host's files, which the overlay's files hide.
  binds =
    serviceConfig:
    ifDynamic serviceConfig [
      "-/etc/passwd:${names.accounts}/host/passwd"
      "-/etc/group:${names.accounts}/host/group"
    ];

  # Options of nsguard-init. A user without a name is named after the unit.
  front =
    serviceConfig:
    let
      user = serviceConfig.User or "%p";
    in
    ifDynamic serviceConfig [ "--accounts=${toString user}:${toString (serviceConfig.Group or user)}" ];
}
