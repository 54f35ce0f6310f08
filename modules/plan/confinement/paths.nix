# Paths of the host that lead out of the confinement if they are bound into it, as patterns.
let
  any = builtins.concatStringsSep "|";

  # nsguard provides its own versions of these files.
  files = "/etc/(resolv\\.conf|nsswitch\\.conf|hosts)";

  # Entries of /run and of /var/lib that are daemons' or tell the host's addresses.
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
  state = [
    "NetworkManager"
    "dhcp"
    "dhcpcd"
    "incus"
    "lxd"
    "sss"
  ];
  # How the names of directories in /tmp begin that contain sockets, beside hidden ones like .X11-unix.
  sockets = [
    "dbus"
    "pulse"
    "ssh"
    "tmux"
  ];
in
{
  # Ways out that the private /run, /tmp and other hidden directories close; a bind would reopen them.
  reopened =
    let
      tmp = "\\.[^/]+-unix|(${any sockets})-[^/]*";
      elsewhere = [
        "/net"
        "/nix/var"
        "/var/lib/(${any state})"
      ];
    in
    "-?(/(var/?(lib/?)?)?|(/var)?/run/(${any run})(/.*)?|(/var)?/tmp/?((${tmp})(/.*)?)?"
    + "|(${any elsewhere})(/.*)?)(:.*)?";

  # Directories that contain some of these or of `replaced` and devices, with how the names of those begin.
  leading = {
    "/" = [
      "dev"
      "etc"
      "net"
      "nix"
      "proc"
      "run"
      "sys"
      "tmp"
      "var"
    ];
    "/dev" = [ "" ];
    "/etc" = [
      "hosts"
      "nsswitch"
      "resolv"
    ];
    "/nix" = [ "var" ];
    "/run" = map (name: builtins.head (builtins.match "([A-Za-z0-9_-]+).*" name)) run;
    "/tmp" = [ "." ] ++ sockets;
    "/var" = [
      "lib"
      "run"
      "tmp"
    ];
    "/var/lib" = state;
    "/var/tmp" = [ "." ] ++ sockets;
  };

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

  # Whoever writes them, the host later starts programs by these or reads them as root, besides those in ./later.nix.
  started =
    let
      etc = [
        "NetworkManager"
        "X11"
        "acpi"
        "aliases"
        "alternatives"
        "anacrontab"
        "apparmor\\.d"
        "apt"
        "at\\.allow"
        "at\\.deny"
        "bash\\.bash_logout"
        "bash\\.bashrc"
        "bash_completion\\.d"
        "bashrc"
        "bashrc\\.local"
        "binfmt\\.d"
        "cni"
        "containers"
        "cron\\.allow"
        "cron\\.d"
        "cron\\.daily"
        "cron\\.deny"
        "cron\\.hourly"
        "cron\\.monthly"
        "cron\\.weekly"
        "crontab"
        "crypttab"
        "csh\\.cshrc"
        "csh\\.login"
        "csh\\.logout"
        "dbus-1"
        "dconf"
        "default"
        "dhcp"
        "dhcpcd\\.enter-hook"
        "dhcpcd\\.exit-hook"
        "doas\\.conf"
        "docker"
        "environment"
        "environment\\.d"
        "exports"
        "fish"
        "fstab"
        "gdm"
        "gitconfig"
        "group"
        "group-"
        "gshadow"
        "gshadow-"
        "hosts\\.allow"
        "hosts\\.deny"
        "hosts\\.equiv"
        "incron\\.d"
        "inetd\\.conf"
        "init\\.d"
        "initramfs-tools"
        "inittab"
        "inputrc"
        "kernel"
        "ksh\\.kshrc"
        "kshrc"
        "ld\\.so\\.cache"
        "ld\\.so\\.conf"
        "ld\\.so\\.conf\\.d"
        "ld\\.so\\.preload"
        "lightdm"
        "login\\.access"
        "login\\.defs"
        "logrotate\\.conf"
        "logrotate\\.d"
        "mailcap"
        "mdadm\\.conf"
        "modprobe\\.d"
        "modules"
        "modules-load\\.d"
        "network"
        "networkd-dispatcher"
        "nix"
        "nixos"
        "nsguard"
        "nslcd\\.conf"
        "openvpn"
        "pam\\.conf"
        "pam\\.d"
        "passwd"
        "passwd-"
        "pki"
        "polkit-1"
        "ppp"
        "profile"
        "profile\\.d"
        "profile\\.local"
        "profiles"
        "rc\\.conf"
        "rc\\.d"
        "rc\\.local"
        "repart\\.d"
        "resolvconf"
        "resolvconf\\.conf"
        "screenrc"
        "sddm"
        "security"
        "set-environment"
        "shadow"
        "shadow-"
        "shells"
        "skel"
        "ssh"
        "ssl"
        "static"
        "subgid"
        "subuid"
        "sudo\\.conf"
        "sudoers"
        "sudoers\\.d"
        "sysctl\\.conf"
        "sysctl\\.d"
        "systemd"
        "sysupdate\\.d"
        "sysusers\\.d"
        "tmpfiles\\.d"
        "tmux\\.conf"
        "udev"
        "udisks2"
        "update-motd\\.d"
        "vim"
        "vimrc"
        "wireguard"
        "xdg"
        "xinetd\\.conf"
        "xinetd\\.d"
        "zfs"
        "zinputrc"
        "zlogin"
        "zlogout"
        "zprofile"
        "zprofile\\.local"
        "zsh"
        "zshenv"
        "zshenv\\.local"
        "zshrc"
        "zshrc\\.local"
      ];
      state = [
        "AccountsService"
        "cloud"
        "confexts"
        "containerd"
        "containers"
        "docker"
        "dpkg"
        "extensions"
        "flatpak"
        "kubelet"
        "libvirt"
        "lxc"
        "machines"
        "microvms"
        "nixos"
        "nixos-containers"
        "polkit-1"
        "portables"
        "rancher"
        "sbctl"
        "snapd"
        "systemd"
      ];
      run = [
        "binfmt(\\.d)?"
        "confexts"
        "credstore(\\.encrypted)?"
        "environment\\.d"
        "extensions"
        "initramfs"
        "modprobe\\.d"
        "modules-load\\.d"
        "polkit-1"
        "portables"
        "sysctl\\.d"
        "sysusers\\.d"
        "udev"
        "wrappers"
      ];
    in
    "/(etc/(${any etc})|run/(${any run})|var/lib/(${any state}))(/.*)?";

  # Only root can write them, and the host runs files in them.
  ofRoot = "/|/(bin|boot|efi|etc|lib|lib64|nix|sbin|usr)(/.*)?";

  # In a home: what a login or a session starts or reads, and the directories that contain some of it.
  startedInHome =
    let
      shells = "bash(_.*|rc)|z(sh|shrc|shenv|profile|login|logout)|(k|c|tc)shrc|login|profile|inputrc|pam_environment";
      session = "x(bindkeysrc|initrc|monad|profile|screensaver|session|sessionrc)|fluxbox|i3";
      programs =
        "cargo|direnvrc|emacs(\\.d)?|forward|gitconfig|gnupg|mailcap|nix-(defexpr|profile)|procmailrc|[rs]hosts|screenrc"
        + "|ssh|tmux\\.conf|vim(rc)?|wezterm\\.lua";
      config = [
        "alacritty"
        "autostart"
        "autostart-scripts"
        "awesome"
        "bspwm"
        "direnv"
        "emacs"
        "environment\\.d"
        "fish"
        "foot"
        "ghostty"
        "git"
        "herbstluftwm"
        "home-manager"
        "hypr"
        "i3"
        "i3blocks"
        "i3status"
        "kanshi"
        "kitty"
        "labwc"
        "leftwm"
        "lxqt"
        "lxsession"
        "niri"
        "nix"
        "nixpkgs"
        "nushell"
        "nvim"
        "openbox"
        "pipewire"
        "plasma-workspace"
        "polybar"
        "pulse"
        "qtile"
        "river"
        "starship\\.toml"
        "sway"
        "swayidle"
        "sxhkd"
        "systemd"
        "tmux"
        "vim"
        "waybar"
        "wayfire"
        "wayfire\\.ini"
        "wezterm"
        "wireplumber"
        "xfce4"
        "xmonad"
        "zellij"
        "zsh"
      ];
      share = [
        "applications"
        "bash-completion"
        "cinnamon"
        "dbus-1"
        "fish"
        "flatpak"
        "gnome-shell"
        "kwin"
        "nvim"
        "plasma"
        "systemd"
      ];
      local = "bin|lib|share/(${any share})|state/nix";
    in
    "(\\.(${shells}|${session}|${programs}|config/(${any config})|local/(${local}))|bin)(/.*)?"
    + "|\\.(config|local(/(share|state))?)";

  # A session runs files in these.
  home = "/(root|home|home/[^/]+)/?";
}
