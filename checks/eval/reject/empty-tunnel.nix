{
  specification.tunnels.mullvad = { };
  messages = [
    ''nsguard.tunnels.mullvad: the tunnel has no key; set configFile = "/run/secrets/mullvad.conf"; or privateKeyFile = "/run/secrets/mullvad.key";''
    ''nsguard.tunnels.mullvad.ips: the tunnel has no address; set ips = [ "10.66.0.2/32" ]; with the address that your provider gave you''
    ''nsguard.tunnels.mullvad.peers: the tunnel has no peer; set peers = [ { publicKey = "…"; endpoint = "…:51820"; allowedIPs = [ "0.0.0.0/0" "::/0" ]; } ];''
  ];
}
