# ./first-switch.nix with its services confined, as after `nixos-rebuild switch`.
{
  imports = [ ./first-switch.nix ];
  firstSwitch.confine = true;
}
