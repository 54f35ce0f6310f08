"""Paths of the host in every spelling that systemd takes for the same one, and units that bind or open them.

Nothing here is taken from modules/: dangerous and harmless paths are listed a second time, so that the tests notice an
entry that is missing there.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

DANGEROUS = (
    "/", "/dev", "/dev/net/tun", "/dev/shm", "/etc", "/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf", "/home",
    "/home/alice", "/net", "/nix", "/nix/var", "/nix/var/nix/daemon-socket/socket", "/proc", "/proc/1/net", "/root",
    "/run", "/run/NetworkManager", "/run/avahi-daemon/socket", "/run/containerd/containerd.sock",
    "/run/cups/cups.sock", "/run/dbus", "/run/dbus/system_bus_socket", "/run/docker.sock", "/run/libvirt",
    "/run/netns/other", "/run/nscd", "/run/nscd/socket",
    "/run/nsguard/vpn", "/run/nsguard-run/other", "/run/pcscd", "/run/podman/podman.sock",
    "/run/systemd/private",
    "/run/systemd/resolve/io.systemd.Resolve", "/run/tailscale/tailscaled.sock", "/run/user/1000/bus",
    "/run/wpa_supplicant", "/sys", "/sys/class/net", "/tmp/.X11-unix", "/tmp/tmux-1000/default", "/var", "/var/lib",
    "/var/lib/NetworkManager", "/var/lib/dhcp", "/var/lib/dhcpcd/eth0.lease", "/var/lib/incus/unix.socket",
    "/var/lib/lxd", "/var/lib/sss/pipes",
)  # fmt: skip

# Where the host later starts or reads something. Nobody may write there; the last ones concern root alone.
STARTED = (
    "/etc/cron.d", "/etc/crontab", "/etc/ld.so.preload", "/etc/nixos", "/etc/profile", "/etc/profile.d/app.sh",
    "/etc/shadow", "/etc/ssh", "/etc/sudoers", "/etc/sudoers.d", "/etc/systemd/system", "/etc/udev/rules.d",
    "/etc/xdg/autostart", "/nix/var/nix/profiles/system", "/run/binfmt", "/run/udev",
    "/run/wrappers/bin", "/usr/local/bin", "/var/cron/tabs", "/var/lib/containers", "/var/lib/extensions",
    "/var/lib/nixos", "/var/lib/systemd/linger", "/var/spool/cron",
)  # fmt: skip
STARTED_BY_ROOT = (
    "/bin", "/boot", "/boot/loader", "/efi", "/etc/app", "/etc/rc.local", "/nix/store/abc-app", "/sbin/app", "/usr/lib",
    "/usr/share/app",
)  # fmt: skip
STARTED_AT_LOGIN = (
    "/data/alice/.bashrc", "/data/alice/.config/plasma-workspace/env", "/home/bob/.config",
    "/home/bob/.config/autostart", "/home/bob/.config/sway", "/home/bob/.config/zsh", "/home/bob/.local/bin/app",
    "/home/bob/.local/share", "/root/.profile", "/root/.ssh", "/root/.ssh/authorized_keys", "/root/bin",
)  # fmt: skip

HARMLESS = (
    "/home/alice/Music", "/mnt/media", "/nix/store/abc-app", "/opt/app", "/root-of-trees", "/run/app",
    "/run/app/socket",
    "/run/secrets/token", "/running/data", "/srv/data", "/usr/share/zoneinfo", "/var/cache/app", "/var/lib/app",
    "/var/lib/sss-backup", "/var/log/app",
)  # fmt: skip

SPECIFIERS = {
    "/run": "%t",
    "/var/lib": "%S",
    "/var/cache": "%C",
    "/var/log": "%L",
    "/etc": "%E",
    "/tmp": "%T",
    "/root": "%h",
}

Spelling = Callable[[random.Random, str], str]


def _between(inserted: str) -> Spelling:
    """A spelling that inserts text before one of the slashes: another slash, or a slash and a dot."""

    def spelt(rng: random.Random, path: str) -> str:
        slashes = [i for i, char in enumerate(path) if char == "/"]
        at = rng.choice(slashes or [len(path)])
        return path[:at] + inserted + path[at:]

    return spelt


def _detour(rng: random.Random, path: str) -> str:
    at = rng.choice([i for i, char in enumerate(path) if char == "/"])
    return f"{path[:at]}/srv/..{path[at:]}"


def _linked(_: random.Random, path: str) -> str:
    return f"/var{path}" if path == "/run" or path.startswith("/run/") else path


def _specified(_: random.Random, path: str) -> str:
    for directory, specifier in SPECIFIERS.items():
        if path == directory or path.startswith(f"{directory}/"):
            return specifier + path.removeprefix(directory)
    return path


def _trailing(_: random.Random, path: str) -> str:
    return f"{path}/" if path != "/" else "//"


PLAIN: tuple[Spelling, ...] = (lambda _, path: path, _between("/"), _between("/."), _linked, _specified, _trailing)


def _quoted(rng: random.Random, entry: str) -> str:
    quote = rng.choice("\"'")
    return f"{quote}{entry}{quote}"


def _escaped(rng: random.Random, entry: str) -> str:
    """Replace one letter by its numeric escape (systemd.syntax(7)), in quotes, where systemd certainly resolves it."""
    letters = [i for i, char in enumerate(entry) if char.isalnum() and not entry[:i].endswith("%")]
    if not letters:
        return _quoted(rng, entry)
    at = rng.choice(letters)
    number = rng.choice(["\\x{:02x}", "\\{:03o}"]).format(ord(entry[at]))
    return f'"{entry[:at]}{number}{entry[at + 1 :]}"'


class Unit(NamedTuple):
    """The one property of a confined unit that nsguard did not write.

    dangerous: whether it leads out; plain: whether it is written without quotes, escapes and ".."; user: its User=.
    """

    property: str
    value: str
    path: str
    dangerous: bool
    plain: bool
    user: str


# Properties, each with paths that are dangerous in it.
_KINDS = (
    *(("BindPaths", DANGEROUS), ("BindPaths", DANGEROUS), ("BindReadOnlyPaths", DANGEROUS), ("OpenFile", DANGEROUS)),
    *(("BindPaths", STARTED), ("BindPaths", STARTED_BY_ROOT), ("BindPaths", STARTED_AT_LOGIN)),
    *(("ReadWritePaths", STARTED), ("ReadWritePaths", STARTED_BY_ROOT)),
    *(("StandardOutput", STARTED), ("StandardOutput", STARTED_BY_ROOT), ("StandardOutput", STARTED_AT_LOGIN)),
    *(("OpenFile", STARTED), ("OpenFile", STARTED_BY_ROOT), ("OpenFile", STARTED_AT_LOGIN)),
)


def unit(rng: random.Random) -> Unit:
    dangerous = rng.random() < 0.7
    key, targets = rng.choice(_KINDS)
    user = "root" if targets is STARTED_BY_ROOT or rng.random() < 0.3 else "app"
    opened = key in ("OpenFile", "StandardOutput")  # by systemd, as root
    harmless = [path for path in HARMLESS if not (opened or user == "root") or not path.startswith(("/nix", "/usr"))]
    target = path = rng.choice(targets if dangerous else harmless)
    for spelling in rng.choices(PLAIN, k=rng.randint(0, 3)):
        path = spelling(rng, path)
    plain = rng.random() < 0.6
    if not plain and rng.random() < 0.4 and path.startswith("/"):
        path = _detour(rng, path)
    if key == "OpenFile":
        entry = path + rng.choice(["", ":name", ":name:read-only" if targets is DANGEROUS else ":name:append"])
    elif key == "StandardOutput":
        entry = rng.choice(["file:", "append:", "truncate:"]) + path
    elif key == "ReadWritePaths":
        entry = rng.choice(["", "-", "+", "-+"]) + path
    else:
        entry = rng.choice(["", "-"]) + path + rng.choice(["", "", ":/srv/inside", ":/srv//inside:rbind", f":{path}"])
    # systemd takes the path of a stream as it is written.
    if not plain and key != "StandardOutput":
        entry = rng.choice([_quoted, _escaped])(rng, entry)
    beside = "" if opened else rng.choice(["", "", "/srv/other "])
    return Unit(key, beside + entry, target, dangerous, plain, user)
