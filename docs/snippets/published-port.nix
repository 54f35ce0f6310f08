{
  nsguard.namespaces.vpn.publish.transmission = {
    listen = [
      "127.0.0.1:9091"
      "[::1]:9091"
      "192.168.1.5:9091" # this host's own address on the LAN
    ];
    port = 9091;
    openFirewall = true;
  };
}
