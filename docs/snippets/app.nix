{
  nsguard.apps.brave = {
    preset = "brave"; # brave, chromium, firefox, transmission, qbittorrent; or package, or command
    namespace = "vpn";
    user = "alice";
  };
  users.users.alice.uid = 1000; # the sockets of her session are found by it
}
