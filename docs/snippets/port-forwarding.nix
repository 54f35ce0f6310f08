{
  nsguard.namespaces.vpn.portForwarding = {
    enable = true;
    client = "qbittorrent"; # or transmission; told by its own API
  };
}
