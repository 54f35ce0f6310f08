{
  nsguard.namespaces.vpn.portForwarding = {
    enable = true;
    client = "qbittorrent"; # or transmission, slskd, deluge, rtorrent; told by its own API
  };
}
