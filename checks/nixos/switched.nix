# The same machine after `nixos-rebuild switch`: with another peer in the tunnel, and published at another port.
{ lib, ... }:
{
  imports = [ ./machine.nix ];

  nsguard.tunnels.lab.configFile = lib.mkForce "/etc/nsguard-lab/switched.conf";
  nsguard.namespaces.vpn.publish.web.listen = lib.mkForce [ "127.0.0.1:8102" ];
}
