{
  nsguard.namespaces.vpn = {
    hostLink.enable = true;

    publish.game = {
      listen = [ "192.168.1.5:27015" ];
      port = 27015;
      protocol = "udp";
    };

    publish.web = {
      listen = [
        "127.0.0.1:8080"
        "192.168.1.5:8080"
      ];
      port = 8080;
      keepSource = true;
    };
  };
}
