let
  peer = publicKey: {
    inherit publicKey;
    allowedIPs = [ "0.0.0.0/0" ];
  };
in
{
  specification.tunnels.typed = {
    privateKeyFile = "/run/secrets/typed.key";
    ips = [ "10.66.0.2/32" ];
    peers = map peer [
      "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
      "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
    ];
  };
  messages = [
    ''nsguard.tunnels.typed.peers: "0.0.0.0/0" is in the allowedIPs of two peers, and WireGuard would route it to the last only; keep it in one of them''
  ];
}
