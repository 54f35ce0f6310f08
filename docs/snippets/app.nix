{
  nsguard.apps.brave = {
    preset = "brave"; # brave, chromium, firefox, transmission, qbittorrent; or package, or command
    namespace = "vpn";
    user = "alice";
  };
}
