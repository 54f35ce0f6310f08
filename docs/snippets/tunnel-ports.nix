{
  nsguard.namespaces.vpn.tunnelPorts = {
    tcp = [ 6881 ];
    udp = [ 6881 ];
  };
}
