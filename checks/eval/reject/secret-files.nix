# Values that are no paths, where a file with a key or a password is named. No message has the value, which may be the
# secret itself.
let
  key = "GLSG4uVTFHKyq0Mk1LbUiWyTmmXKQ3OIAYPJfaBpZ2w=";
  text = ''
    [Interface]
    PrivateKey = ${key}
  '';
  peer = {
    publicKey = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
    endpoint = "198.51.100.23:51820";
  };
  ips = [ "10.66.0.2/32" ];
in
{
  specification = {
    tunnels = {
      pasted.configFile = text;
      # two of one text are not reported as two of one path
      pasted-again.configFile = text;
      read.configFile = "/run/secrets/mullvad.conf\n";
      relative.configFile = "mullvad.conf";
      set.configFile.text = text;
      home.configFile = "~/mullvad.conf";
      keys = {
        privateKeyFile = key;
        inherit ips;
        peers = [
          # a key may begin with a slash
          (
            peer
            // {
              presharedKeyFile = "/LSG4uVTFHKyq0Mk1LbUiWyTmmXKQ3OIAYPJfaBpZ2w=";
              allowedIPs = [ "0.0.0.0/0" ];
            }
          )
          (
            peer
            // {
              presharedKeyFile = "psk";
              allowedIPs = [ "::/0" ];
            }
          )
        ];
      };
    };
    namespaces.vpn = {
      tunnel = "pasted";
      portForwarding = {
        enable = true;
        client = "qbittorrent";
        clientCredentialsFile = "admin:adminadmin";
        onChange = "/bin/announce";
        credentials = {
          fine = "/run/secrets/token";
          token = "0123456789abcdef";
        };
      };
    };
  };
  messages =
    let
      isText =
        option:
        "nsguard.${option}: the value is a key or the text of a file, and not the path of a file; save it as a file that"
        + " only root can read, and write the path of that file, in quotes: nsguard.${option} = \"/run/secrets/…\";"
        + " get a new key if others could read this one";
      isWrong =
        what: option:
        "nsguard.${option}: the value ${what}; write the whole path of a file, from / on, in quotes:"
        + " nsguard.${option} = \"/run/secrets/…\";";
      isRelative = isWrong "is not an absolute path";
    in
    [
      (isRelative "namespaces.vpn.portForwarding.clientCredentialsFile")
      (isRelative "namespaces.vpn.portForwarding.credentials.token")
      (isWrong "begins with ~, which only a shell replaces by a home directory" "tunnels.home.configFile")
      (isText "tunnels.keys.privateKeyFile")
      (isText "tunnels.keys.peers.0.presharedKeyFile")
      (isRelative "tunnels.keys.peers.1.presharedKeyFile")
      (isText "tunnels.pasted.configFile")
      (isText "tunnels.pasted-again.configFile")
      (isText "tunnels.read.configFile")
      (isRelative "tunnels.relative.configFile")
      (isRelative "tunnels.set.configFile")
    ];
}
