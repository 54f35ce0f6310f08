# A guard with a hole: it only puts services into the namespace, like `ip netns exec`, so they reach the host's daemons.
{
  name = "planted-namespace-alone";
  confine = {
    bindsTo = [ "nsguard-netns-vpn.service" ];
    after = [ "nsguard-tunnel-vpn.service" ];
    serviceConfig.NetworkNamespacePath = "/run/netns/vpn";
  };
  attacks = "getaddrinfo";
}
