{
  nsguard.namespaces.vpn.tunnelPorts = {
    tcp = [ 6881 ];
    udp = [
      6881
      {
        from = 6890;
        to = 6899;
      }
    ];
  };
}
