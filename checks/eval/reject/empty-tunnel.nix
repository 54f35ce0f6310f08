{
  specification.tunnels.mullvad = { };
  messages = [
    ''nsguard.tunnels.mullvad: there is no key; set configFile = "/run/secrets/mullvad.conf"; or privateKeyFile = "/run/secrets/mullvad.key";''
    ''nsguard.tunnels.mullvad.ips: the tunnel has no address; set ips = [ "10.66.0.2/32" ]; to what your provider gave you''
    ''nsguard.tunnels.mullvad.peers: there is nobody to talk to; set peers = [ { publicKey = "…"; endpoint = "…:51820"; allowedIPs = [ "0.0.0.0/0" "::/0" ]; } ];''
  ];
}
