# Files that NixOS puts in /etc are in the store, whatever their mode there; a link to one that is made at run time is not.
{
  module = {
    environment.etc = {
      "wireguard/mullvad.conf".source = ./key-in-etc.nix;
      "wireguard/typed.key" = {
        text = "a key";
        mode = "0600";
      };
      "wireguard/linked.psk".source = "/run/secrets/linked.psk";
    };
    nsguard.tunnels = {
      mullvad.configFile = "/etc/wireguard/mullvad.conf";
      typed = {
        privateKeyFile = "/etc/wireguard/typed.key";
        ips = [ "10.66.0.2/32" ];
        peers = [
          {
            publicKey = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
            endpoint = "198.51.100.23:51820";
            presharedKeyFile = "/etc/wireguard/linked.psk";
            allowedIPs = [ "0.0.0.0/0" ];
          }
        ];
      };
    };
  };
  messages =
    let
      message =
        option: path:
        ''nsguard.tunnels.${option}: environment.etc keeps "${path}" in the Nix store, which every user can read; write the path of a file that is created at run time, in quotes: nsguard.tunnels.${option} = "/run/secrets/…";'';
    in
    [
      (message "mullvad.configFile" "/etc/wireguard/mullvad.conf")
      (message "typed.privateKeyFile" "/etc/wireguard/typed.key")
    ];
}
