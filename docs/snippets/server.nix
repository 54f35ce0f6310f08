{
  networking.wireguard.interfaces.wg0 = {
    ips = [ "10.66.0.1/24" ];
    listenPort = 51820;
    privateKeyFile = "/var/lib/wireguard/wg0.key";
    generatePrivateKeyFile = true;
    peers = [
      {
        publicKey = "…";
        allowedIPs = [ "10.66.0.2/32" ];
      }
    ];
  };
  networking.firewall.allowedUDPPorts = [ 51820 ];
  networking.nat = {
    enable = true;
    externalInterface = "eth0";
    internalInterfaces = [ "wg0" ];
  };
}
