{
  nsguard.tunnels.home = {
    privateKeyFile = "/var/lib/nsguard-keys/home";
    generatePrivateKeyFile = true;
    ips = [ "10.8.0.3/32" ];
    dns = [ "10.8.0.1" ];
    peers = [
      {
        publicKey = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
        endpoint = "vpn.example.org:51820";
        allowedIPs = [ "0.0.0.0/0" ];
        dynamicEndpointRefreshSeconds = 300;
      }
    ];
  };
  nsguard.namespaces.home.tunnel = "home";
}
