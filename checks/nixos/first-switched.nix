# The same, confined: what `nixos-rebuild switch` would bring.
{
  imports = [ ./first-switch.nix ];
  firstSwitch.confine = true;
}
