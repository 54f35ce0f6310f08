# The file of a tunnel is that of another tunnel, which is refused, and that of WireGuard links of the host's own, which
# causes a warning: they may be started at other times. A key at another peer, and a link that does not start by itself,
# are no mistake.
let
  publicKey = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
  other = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";
  peer = {
    inherit publicKey;
    endpoint = "198.51.100.23:51820";
    allowedIPs = [ "0.0.0.0/0" ];
  };
  privateKeyFile = "/run/secrets/typed.key";
in
{
  module = {
    nsguard.tunnels = {
      again.configFile = "/run/secrets/mullvad.conf";
      mullvad.configFile = "/run/secrets/mullvad.conf";
      typed = {
        inherit privateKeyFile;
        ips = [ "10.66.0.2/32" ];
        peers = [ peer ];
      };
    };
    nsguard.namespaces = {
      mullvad.tunnel = "mullvad";
      typed.tunnel = "typed";
    };
    networking.wg-quick.interfaces = {
      wg0.configFile = "/run/secrets/mullvad.conf";
      by-hand = {
        configFile = "/run/secrets/mullvad.conf";
        autostart = false;
      };
    };
    networking.wireguard.interfaces = {
      wg1 = {
        inherit privateKeyFile;
        peers = [ peer ];
      };
      elsewhere = {
        inherit privateKeyFile;
        peers = [ (peer // { publicKey = other; }) ];
      };
    };
    systemd.network.netdevs.wg2 = {
      netdevConfig = {
        Kind = "wireguard";
        Name = "wg2";
      };
      wireguardConfig.PrivateKeyFile = privateKeyFile;
      wireguardPeers = [ { PublicKey = publicKey; } ];
    };
  };
  messages = [
    ''nsguard.tunnels.mullvad.configFile: "/run/secrets/mullvad.conf" is also the file of nsguard.tunnels.again, and two links with the same key cut each other off; get a file with another key for each tunnel, or put the services into one namespace''
  ];
  warnings =
    let
      warning =
        option: file: link:
        ''nsguard.tunnels.${option}: "${file}" is also the file of ${link}, and two links with the same key cut each other off; remove that link, keep it from starting by itself, or get a file with another key'';
    in
    [
      (warning "again.configFile" "/run/secrets/mullvad.conf" "networking.wg-quick.interfaces.wg0")
      (warning "mullvad.configFile" "/run/secrets/mullvad.conf" "networking.wg-quick.interfaces.wg0")
      (warning "typed.privateKeyFile" privateKeyFile "networking.wireguard.interfaces.wg1")
      (warning "typed.privateKeyFile" privateKeyFile "systemd.network.netdevs.wg2")
    ];
}
