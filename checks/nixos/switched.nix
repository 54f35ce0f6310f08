# ./machine.nix after `nixos-rebuild switch`: the tunnel has another peer, and the service another published port.
{ lib, ... }:
{
  imports = [ ./machine.nix ];

  nsguard.tunnels.lab.configFile = lib.mkForce "/etc/nsguard-lab/switched.conf";
  nsguard.namespaces.vpn.publish.web.listen = lib.mkForce [ "127.0.0.1:8102" ];
}
