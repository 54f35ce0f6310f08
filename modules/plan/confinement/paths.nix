# Paths of the host that lead out of the confinement if they are bound into it, as patterns.
let
  any = builtins.concatStringsSep "|";

  # nsguard provides its own versions of these files.
  files = "/etc/(resolv\\.conf|nsswitch\\.conf|hosts)";
in
{
  # Ways out that the private /run, /tmp and other hidden directories close; a bind would reopen them.
  reopened =
    let
      run = [
        "avahi-daemon"
        "containerd"
        "cups"
        "dbus(-1)?"
        "docker"
        "docker\\.sock"
        "libvirt"
        "netns"
        "NetworkManager"
        "nscd"
        "nsguard(-(accounts|apps|run|status))?"
        "pcscd"
        "podman"
        "shm"
        "snapd[^/]*"
        "systemd"
        "tailscale"
        "tmpfiles\\.d"
        "user"
        "wireguard"
        "wpa_supplicant"
      ];
      tmp = "\\.[^/]+-unix|(dbus|pulse|ssh|tmux)-[^/]*";
      elsewhere = [
        "/net"
        "/nix/var"
        "/var/lib/(incus|lxd|sss|NetworkManager|dhcp|dhcpcd)"
      ];
    in
    "-?(/(var/?(lib/?)?)?|(/var)?/run/(${any run})(/.*)?|(/var)?/tmp/?((${tmp})(/.*)?)?"
    + "|(${any elsewhere})(/.*)?)(:.*)?";

  # Directories that contain some of these.
  surrounding = "/(run|nix|dev|etc)?|/home(/[^/]+)?|/root";

  # Destinations at which nsguard mounts something, so that other binds to them are dropped.
  ours = "/run|/etc|${files}|/(proc|sys|dev)|/(proc|sys)/.*|/dev/(shm|pts)(/.*)?|/run/shm(/.*)?";

  # Paths that a service has anyway, if they are bound to the same path.
  repeated =
    "/(nix|tmp|var/tmp|usr)|/run/systemd(/(notify|journal(/.*)?|resolve(/.*)?))?"
    + "|/dev/log|/dev/(null|zero|full|random|urandom|tty)";

  # Sources that nsguard replaces, whatever their destination.
  replaced = "${files}|/(proc|sys)(/.*)?|/dev/shm(/.*)?|/run/systemd/resolve(/.*)?";

  # Secrets and the system's own links, which lead to no daemon.
  harmless =
    "/run/(agenix|agenix\\.d|binfmt|booted-system|credentials|current-system|keys|opengl-driver|secrets|secrets\\.d)"
    + "(/.*)?"
    + "|/dev/(null|zero|full|random|urandom)";

  # Paths that are private, empty or closed to a service.
  private = "/run/.+|/tmp/.+|/var/tmp(/.+)?|/dev/.+";

  # The host runs files in these.
  system = "/(etc|usr|boot|nix|dev|proc|sys|run|var)(/.*)?";

  # A session runs files in these.
  home = "/(root|home|home/[^/]+)/?";
}
