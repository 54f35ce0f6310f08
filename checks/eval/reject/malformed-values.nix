{
  specification.tunnels.typed = {
    privateKeyFile = "/run/secrets/typed.key";
    ips = [ "10.66.0.2/32," ];
    dns = [ "resolver.example" ];
    fwMark = "mark";
    peers = [
      {
        publicKey = "short";
        endpoint = "2001:db8::1:51820";
        allowedIPs = [ "everything" ];
      }
    ];
  };
  messages = [
    ''nsguard.tunnels.typed.fwMark: "mark" is malformed; write it like "0x51820", with digits in lower case and no zero in front''
    ''nsguard.tunnels.typed.ips: "10.66.0.2/32," is malformed; write it like "10.66.0.2/32"''
    ''nsguard.tunnels.typed.dns: "resolver.example" is malformed; write it like "10.66.0.1"''
    ''nsguard.tunnels.typed.peers.0.publicKey: "short" is malformed; write it like the 44 characters that `wg pubkey` prints''
    ''nsguard.tunnels.typed.peers.0.endpoint: "2001:db8::1:51820" is malformed; write it like "vpn.example.org:51820" or "[2001:db8::1]:51820"''
    ''nsguard.tunnels.typed.peers.0.allowedIPs: "everything" is malformed; write it like "0.0.0.0/0"''
  ];
}
