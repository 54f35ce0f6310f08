{
  nsguard.namespaces.vpn.publish.prowlarr = {
    listen = [
      "127.0.0.1:9696"
      "192.168.1.5:9696" # this host's own address on the LAN
    ];
    port = 9696;
    from = [ "192.168.1.0/24" ];
    openFirewall = true;
  };
}
