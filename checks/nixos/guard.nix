# A guard other than nsguard, built as modules for VPNs often are: a namespace with the tunnel in it, a resolv.conf
# bound over the host's, nscd's directory masked. Its unit and its link have names of their own.
{ pkgs, ... }:
let
  configuration = "/etc/nsguard-lab/client.conf";
  up = pkgs.writeShellScript "guard-up" ''
    set -eu
    PATH=/usr/bin:/usr/sbin
    ip netns add vpn
    ip -n vpn link set lo up
    ip link add guard0 type wireguard || wireguard-go guard0
    wg-quick strip ${configuration} > /run/guard.conf
    wg setconf guard0 /run/guard.conf
    ip link set guard0 netns vpn
    ip -n vpn address add 10.66.0.2/32 dev guard0
    ip -n vpn address add fd66::2/128 dev guard0 nodad
    ip -n vpn link set guard0 up
    ip -n vpn route add default dev guard0
    ip -n vpn -6 route add default dev guard0
    mkdir -p /etc/netns/vpn
    printf 'nameserver 10.66.0.1\nnameserver fd66::1\n' > /etc/netns/vpn/resolv.conf
  '';
in
{
  imports = [
    ./guarded.nix
    ../../docs/snippets/guard.nix
  ];

  systemd.services.guard = {
    wantedBy = [ "multi-user.target" ];
    wants = [ "network-online.target" ];
    after = [ "network-online.target" ];
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
      KillMode = "none"; # without WireGuard in the kernel, wireguard-go must keep running
      ExecStart = up;
      ExecStopPost = "${pkgs.iproute2}/bin/ip netns delete vpn";
    };
  };
}
