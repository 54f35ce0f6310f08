{
  nsguard.tunnels.mullvad = {
    ips = [
      "10.66.113.7/32"
      "fc00:bbbb:bbbb:bb01::3:7106/128"
    ];
    privateKeyFile = "/run/secrets/mullvad.key";
    dns = [ "10.64.0.1" ];
    peers = [
      {
        publicKey = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
        endpoint = "198.51.100.23:51820";
        allowedIPs = [
          "0.0.0.0/0"
          "::/0"
        ];
      }
    ];
  };
  nsguard.namespaces.vpn.tunnel = "mullvad";
}
