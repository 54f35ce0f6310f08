# Debian's Transmission and qBittorrent with their presets, with a window on an X server.
let
  client = preset: command: {
    inherit preset command;
    namespace = "vpn";
    user = "www-data";
    uid = 33;
    gui = {
      wayland = false;
      x11 = true;
    };
  };
in
{
  inherit (import ./firefox.nix) tunnels namespaces services;

  apps = {
    transmission = client "transmission" "/usr/bin/transmission-gtk";
    qbittorrent = client "qbittorrent" "/usr/bin/qbittorrent";
  };
}
