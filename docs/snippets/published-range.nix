{
  nsguard.namespaces.vpn = {
    hostLink.enable = true;

    publish.calls = {
      listen = [ "192.168.1.5:16384-16483" ];
      port = {
        from = 16384;
        to = 16483;
      };
      protocol = "udp";
      from = [ "192.168.1.0/24" ];
    };
  };
}
