# Keys in options of the names that networking.wireguard has for them. No message has the key.
{
  specification.tunnels.typed = {
    privateKey = "GLSG4uVTFHKyq0Mk1LbUiWyTmmXKQ3OIAYPJfaBpZ2w=";
    ips = [ "10.66.0.2/32" ];
    peers = [
      {
        publicKey = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
        presharedKey = "GLSG4uVTFHKyq0Mk1LbUiWyTmmXKQ3OIAYPJfaBpZ2w=";
        endpoint = "198.51.100.23:51820";
        allowedIPs = [ "0.0.0.0/0" ];
      }
    ];
  };
  messages =
    let
      message =
        option:
        "${option}: a key in the configuration would be in the Nix store, which every user can read; save it as a file"
        + " that only root can read, and write the path of that file, in quotes: ${option}File = \"/run/secrets/…\";"
        + " get a new key if others could read this one";
    in
    [
      (message "nsguard.tunnels.typed.privateKey")
      (message "nsguard.tunnels.typed.peers.0.presharedKey")
    ];
}
