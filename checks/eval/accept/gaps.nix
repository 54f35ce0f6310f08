# Tunnels that can be planned and do not carry all the traffic that they seem to carry.
let
  peer =
    more:
    {
      publicKey = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
      endpoint = "192.0.2.1:51820";
    }
    // more;
  tunnel =
    more:
    {
      ips = [ "10.66.0.2/32" ];
      privateKeyFile = "/run/secrets/typed.key";
    }
    // more;
in
{
  specification.tunnels = {
    whole = tunnel {
      dns = [
        "10.66.0.1"
        "fd66::1"
      ];
      peers = [
        (peer {
          allowedIPs = [
            "10.66.0.0/15"
            "fd66::/16"
          ];
        })
      ];
    };
    outside = tunnel {
      dns = [
        "10.64.0.1"
        "fd66::1"
        "fd66:0:0::10.0.0.1"
      ];
      peers = [
        (peer {
          allowedIPs = [
            "10.66.0.1/24"
            "fd66::a00:0/112"
          ];
        })
      ];
    };
    silent = tunnel {
      dns = [ "10.66.0.1" ];
      peers = [
        (peer {
          endpoint = null;
          allowedIPs = [ ];
        })
      ];
    };
  };
  warnings = [
    ''nsguard.tunnels.outside.dns: no peer's allowedIPs cover "10.64.0.1", so this resolver gets no queries; add "10.64.0.1/32" to the allowedIPs of a peer, or name another resolver''
    ''nsguard.tunnels.outside.dns: no peer's allowedIPs cover "fd66::1", so this resolver gets no queries; add "fd66::1/128" to the allowedIPs of a peer, or name another resolver''
    "nsguard.tunnels.silent.peers: no peer has an endpoint, so the tunnel cannot start a handshake; set the endpoint of a peer"
    ''nsguard.tunnels.silent.peers.0.allowedIPs: the list is empty, so nothing is sent to this peer; set allowedIPs = [ "0.0.0.0/0" "::/0" ];''
  ];

  facts = planned: builtins.attrNames planned.units;
  expected = [ ];
}
