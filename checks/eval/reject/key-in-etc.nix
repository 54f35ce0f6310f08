# Files that NixOS puts in /etc are in the store, whatever their mode, and so are files in a directory that it puts
# there. A link to a file that is created at run time is not refused.
{
  module = {
    environment.etc = {
      "wireguard/mullvad.conf".source = ./key-in-etc.nix;
      "wireguard/typed.key" = {
        text = "a key";
        mode = "0600";
      };
      "wireguard/linked.psk".source = "/run/secrets/linked.psk";
      "wireguard/packaged.conf".source = "${./.}/key-in-etc.nix";
      "client.password".text = "a password";
      "provider".source = ./.;
      "provider2".source = "/run/secrets/provider2";
      "disabled.conf" = {
        enable = false;
        text = "a key";
      };
    };
    nsguard.namespaces.vpn = {
      tunnel = "mullvad";
      portForwarding = {
        enable = true;
        clientCredentialsFile = "/etc/client.password";
        onChange = "/bin/true";
        credentials.provider = "/etc/provider/key-in-etc.nix";
      };
    };
    nsguard.namespaces = {
      disabled.tunnel = "disabled";
      linked.tunnel = "linked";
      packaged.tunnel = "packaged";
      typed.tunnel = "typed";
      within.tunnel = "within";
    };
    nsguard.tunnels = {
      mullvad.configFile = "/etc/wireguard/mullvad.conf";
      typed = {
        privateKeyFile = "/etc/wireguard/typed.key";
        ips = [ "10.66.0.2/32" ];
        dns = [ "10.66.0.1" ];
        peers = [
          {
            publicKey = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
            endpoint = "198.51.100.23:51820";
            presharedKeyFile = "/etc/wireguard/linked.psk";
            allowedIPs = [ "0.0.0.0/0" ];
          }
        ];
      };
      packaged.configFile = "/etc/wireguard/packaged.conf";
      within.configFile = "/etc/provider/key-in-etc.nix";
      linked.configFile = "/etc/provider2/linked.conf";
      disabled.configFile = "/etc/disabled.conf";
    };
  };
  messages =
    let
      message =
        option: path:
        ''nsguard.${option}: environment.etc keeps "${path}" in the Nix store, which every user can read; write the path of a file that is created at run time, in quotes: nsguard.${option} = "/run/secrets/…";'';
    in
    [
      (message "tunnels.mullvad.configFile" "/etc/wireguard/mullvad.conf")
      (message "tunnels.packaged.configFile" "/etc/wireguard/packaged.conf")
      (message "tunnels.typed.privateKeyFile" "/etc/wireguard/typed.key")
      (message "tunnels.within.configFile" "/etc/provider/key-in-etc.nix")
      (message "namespaces.vpn.portForwarding.clientCredentialsFile" "/etc/client.password")
      (message "namespaces.vpn.portForwarding.credentials.provider" "/etc/provider/key-in-etc.nix")
    ];
}
