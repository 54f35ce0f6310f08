# WireGuard inside the namespace reaches its endpoint through a veth, which the host routes and masquerades; a rule lets
# only the tunnel's packets use it. Managers of VPNs for single applications do this. Such rules can be flushed, are
# written for one address family, and do not see requests to the host's services.
let
  common = import ./common.nix;
  endpoint = "203.0.113.51";
in
{
  services =
    common.services (common.bound { })
    // common.units {
      more = [
        "ip link add guard0 type veth peer name guard1 netns vpn"
        "ip address add 10.99.0.1/24 dev guard0; ip address add fd99::1/64 dev guard0 nodad; ip link set guard0 up"
        "ip -n vpn address add 10.99.0.2/24 dev guard1; ip -n vpn address add fd99::2/64 dev guard1 nodad"
        "ip -n vpn link set guard1 up; ip -n vpn route add default via 10.99.0.1 metric 500"
        "ip -n vpn -6 route add default via fd99::1 metric 2000; ip -n vpn route add ${endpoint} via 10.99.0.1"
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"
        "nft add table inet guard; nft add chain inet guard out '{ type nat hook postrouting priority 100; }'"
        "nft add rule inet guard out ip saddr 10.99.0.0/24 masquerade"
        "nft add rule inet guard out ip6 saddr fd99::/64 masquerade"
        "ip netns exec vpn nft add table inet guard"
        "ip netns exec vpn nft add chain inet guard out '{ type filter hook output priority 0; }'"
        "ip netns exec vpn nft add rule inet guard out oifname guard1 ip daddr != ${endpoint} drop"
      ];
      undo = [
        "nft delete table inet guard"
        "ip link delete guard0"
        "sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0"
      ];
      link = common.link "ip netns exec vpn";
    };
}
