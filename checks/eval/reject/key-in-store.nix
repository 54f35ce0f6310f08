let
  stored = "/nix/store/00000000000000000000000000000000-mullvad";
in
{
  specification.tunnels = {
    by-file.configFile = "${stored}.conf";
    by-key = {
      privateKeyFile = "${stored}.key";
      ips = [ "10.66.0.2/32" ];
      peers = [
        {
          publicKey = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
          presharedKeyFile = "${stored}.psk";
          allowedIPs = [ "0.0.0.0/0" ];
        }
      ];
    };
  };
  messages = [
    ''nsguard.tunnels.by-file.configFile: "${stored}.conf" would be in the Nix store, which every user can read; write the path of a file that is created at run time, in quotes: nsguard.tunnels.by-file.configFile = "/run/secrets/…";''
    ''nsguard.tunnels.by-key.privateKeyFile: "${stored}.key" would be in the Nix store, which every user can read; write the path of a file that is created at run time, in quotes: nsguard.tunnels.by-key.privateKeyFile = "/run/secrets/…";''
    ''nsguard.tunnels.by-key.peers.0.presharedKeyFile: "${stored}.psk" would be in the Nix store, which every user can read; write the path of a file that is created at run time, in quotes: nsguard.tunnels.by-key.peers.0.presharedKeyFile = "/run/secrets/…";''
  ];
}
