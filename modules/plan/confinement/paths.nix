# Paths of the host that lead out of the confinement where they are bound into it, as patterns.
{
  # The private /run, /tmp and what else is hidden are there to close these.
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
        "pcscd"
        "podman"
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
        "/var/lib/(incus|lxd|sss)"
      ];
      any = builtins.concatStringsSep "|";
    in
    "-?(/(var/?(lib/?)?)?|(/var)?/run/(${any run})(/.*)?|(/var)?/tmp/?((${tmp})(/.*)?)?|(${any elsewhere})(/.*)?)(:.*)?";

  # What the host runs lies there.
  system = "/(etc|usr|boot|nix|dev|proc|sys|run|var)(/.*)?";

  # What a session runs lies there.
  home = "/(root|home|home/[^/]+)/?";
}
