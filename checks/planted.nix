# A guard with a hole: its services are in the namespace, as with `ip netns exec`, and reach the host's daemons.
{
  name = "planted-namespace-alone";
  confine = {
    bindsTo = [ "nsguard-netns-vpn.service" ];
    after = [ "nsguard-tunnel-vpn.service" ];
    serviceConfig.NetworkNamespacePath = "/run/netns/vpn";
  };
  attacks = "getaddrinfo";
}
