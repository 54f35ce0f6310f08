# The same machine with another peer in the tunnel and another resolver: what `nixos-rebuild switch` would bring.
{ lib, ... }:
{
  imports = [ ./machine.nix ];

  nsguard.tunnels.lab.configFile = lib.mkForce "/etc/nsguard-lab/switched.conf";
}
