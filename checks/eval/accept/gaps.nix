# Tunnels that can be planned and do not carry all the traffic that they seem to carry, and one that nothing uses.
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
  withoutResolver =
    name:
    ''nsguard.tunnels.${name}.dns: no resolver is set, so no names are looked up in nsguard.namespaces.${name}; set nsguard.tunnels.${name}.dns = [ "10.64.0.1" ]; with the resolver that your provider gave you, or write the names that are needed into nsguard.namespaces.${name}.hosts'';
in
{
  specification.namespaces = {
    whole.tunnel = "whole";
    outside.tunnel = "outside";
    silent.tunnel = "silent";
    nameless.tunnel = "nameless";
    # These need no resolver: its names are written down; a file may have one; it only carries a tunnel to an address.
    written = {
      tunnel = "written";
      hosts."10.66.0.5" = [ "nas" ];
    };
    filed.tunnel = "filed";
    through-address.tunnel = "through-address";
    # This one carries a tunnel to a name.
    through-name.tunnel = "through-name";
  };
  specification.tunnels = {
    nameless = tunnel { peers = [ (peer { allowedIPs = [ "0.0.0.0/0" ]; }) ]; };
    written = tunnel { peers = [ (peer { allowedIPs = [ "0.0.0.0/0" ]; }) ]; };
    filed.configFile = "/run/secrets/filed.conf";
    spare.configFile = "/run/secrets/spare.conf";
    to-address = tunnel { peers = [ (peer { allowedIPs = [ "0.0.0.0/0" ]; }) ]; };
    through-address = tunnel {
      via = "to-address";
      dns = [ "10.66.0.1" ];
      peers = [ (peer { allowedIPs = [ "0.0.0.0/0" ]; }) ];
    };
    to-name = tunnel { peers = [ (peer { allowedIPs = [ "0.0.0.0/0" ]; }) ]; };
    through-name = tunnel {
      via = "to-name";
      dns = [ "10.66.0.1" ];
      peers = [
        (peer {
          endpoint = "vpn.example.org:51820";
          allowedIPs = [ "0.0.0.0/0" ];
        })
      ];
    };
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
    (withoutResolver "nameless")
    ''nsguard.tunnels.outside.dns: no peer's allowedIPs cover "10.64.0.1", so this resolver gets no queries; add "10.64.0.1/32" to the allowedIPs of a peer, or name another resolver''
    ''nsguard.tunnels.outside.dns: no peer's allowedIPs cover "fd66::1", so this resolver gets no queries; add "fd66::1/128" to the allowedIPs of a peer, or name another resolver''
    "nsguard.tunnels.silent.peers: no peer has an endpoint, so the tunnel cannot start a handshake; set the endpoint of a peer"
    ''nsguard.tunnels.silent.peers.0.allowedIPs: the list is empty, so nothing is sent to this peer; set allowedIPs = [ "0.0.0.0/0" "::/0" ];''
    (withoutResolver "to-name")
    ''nsguard.tunnels.spare: no namespace uses it, so it is never set up; define nsguard.namespaces.<name>.tunnel = "spare"; or remove it''
  ];

  facts = planned: planned.problems;
  expected = [ ];
}
