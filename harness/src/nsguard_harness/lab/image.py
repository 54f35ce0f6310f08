"""The lab's images: small Debian trees that machines boot from, by an overlay."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ..addresses import LAB
from ..errors import LabError
from .apt import debian_mirror
from .cache import cached, say

PACKAGES = (
    *("systemd", "systemd-sysv", "systemd-resolved", "libnss-resolve", "libnss-myhostname", "libnss-systemd"),
    *("dbus", "polkitd", "login", "passwd", "procps", "util-linux", "kmod", "python3", "bash", "tar"),
    *("iproute2", "iptables", "nftables", "iputils-ping", "tcpdump", "wireguard-tools", "wireguard-go"),
    # for people at a terminal; and a gateway that is not ours
    *("less", "vim-tiny", "miniupnpd-nftables"),
)
KEYRING = Path(os.environ.get("NSGUARD_DEBIAN_KEYRING", "/usr/share/keyrings/debian-archive-keyring.gpg"))
# path-excludes: nobody reads manuals in there
DPKG_OPTIONS = ("path-exclude=/usr/share/doc/*", "path-exclude=/usr/share/man/*", "path-exclude=/usr/share/locale/*")
# Units that would send packets by themselves, or only cost time at boot.
MASKED = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "fstrim.timer", "e2scrub_all.timer"),
    *("systemd-timesyncd.service", "systemd-networkd.service", "systemd-networkd-wait-online.service"),
    *("console-getty.service", "getty.target", "systemd-firstboot.service", "systemd-update-utmp.service"),
    *("ldconfig.service", "systemd-journal-catalog-update.service", "systemd-hwdb-update.service"),
    *("e2scrub_reap.service", "nftables.service", "miniupnpd.service"),
)
# Generators without anything to make units from. All run at each boot, and each time that systemd reloads its units.
GENERATORS = (
    *("debug", "getty", "gpt-auto", "hibernate-resume", "rc-local", "run", "ssh", "system-update", "sysv", "tpm2"),
)
FILES = {
    # resolved answers through nss-resolve, as Debian sets it up, but asks nobody unless asked itself
    "etc/nsswitch.conf": (
        "passwd: files systemd\ngroup: files systemd\nshadow: files systemd\ngshadow: files systemd\n"
        "hosts: files resolve [!UNAVAIL=return] dns\nnetworks: files\nprotocols: files\nservices: files\n"
    ),
    "etc/systemd/resolved.conf.d/lab.conf": (
        f"[Resolve]\nDNS={LAB.server.v4}\nFallbackDNS=\nLLMNR=no\nMulticastDNS=no\nCache=no\nDNSSEC=no\n"
    ),
    "etc/systemd/journald.conf.d/lab.conf": "[Journal]\nStorage=volatile\nRateLimitBurst=0\nAudit=no\n",
    "etc/systemd/system.conf.d/lab.conf": "[Manager]\nDefaultTimeoutStopSec=5s\n",
    # empty, not missing: a missing one makes every boot a first boot (machine-id(5))
    "etc/machine-id": "",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "etc/fstab": "",
}
LINKS = {"etc/resolv.conf": "../run/systemd/resolve/stub-resolv.conf"} | {
    **{f"etc/systemd/system/{unit}": "/dev/null" for unit in MASKED},
    **{f"etc/systemd/system-generators/systemd-{name}-generator": "/dev/null" for name in GENERATORS},
}


@dataclass(frozen=True)
class Recipe:
    """What an image is made of: a suite of Debian's, and packages beside those that every machine has."""

    suite: str = "trixie"
    more: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The image's name: another suite, package or file makes another image."""
        made = [self.suite, PACKAGES + self.more, DPKG_OPTIONS, FILES, LINKS]
        return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:16]


# A few images, and not one for each need: making one takes longer than booting some packages that are not used.
BASE = Recipe()
APPS = Recipe(
    more=(
        *("bubblewrap", "xdg-dbus-proxy", "fonts-dejavu-core", "scrot", "xvfb"),
        *("chromium", "firefox-esr", "transmission-gtk", "qbittorrent"),
    )
)
# A person's session: a compositor that needs no screen, what types and takes pictures on it, and a sound server.
SESSION = Recipe(more=("bubblewrap", "fonts-dejavu-core", "foot", "grim", "pipewire", "sway", "wtype"))


def image(recipe: Recipe = BASE) -> Path:
    """The tree to boot from, built when it is not there yet; raises LabError."""

    def build(target: Path) -> None:
        _bootstrap(recipe, target)
        _configure(target)

    return cached(f"image-{recipe.key}", build, "the lab's image: once, about half a minute")


def check_root() -> None:
    """Raise LabError where no lab can be made."""
    if os.geteuid() != 0:
        raise LabError("lab: namespaces, mounts and images need root; run it with sudo")


def _bootstrap(recipe: Recipe, tree: Path) -> None:
    command = ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(PACKAGES + recipe.more)}"]
    command += [f"--dpkgopt={option}" for option in DPKG_OPTIONS]
    # a mirror that lags behind will do
    command.append('--aptopt=Acquire::Check-Valid-Until "false"')
    if KEYRING.exists():
        command.append(f"--keyring={KEYRING}")
    mirror = debian_mirror()
    command += [recipe.suite, str(tree), *([mirror] if mirror else [])]
    log = []
    try:
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as running:
            assert running.stdout is not None
            for line in running.stdout:
                log.append(line.rstrip())
                if line.startswith("I: "):
                    say(f"  {line[3:].rstrip()}")
    except FileNotFoundError as error:
        raise LabError("image: mmdebstrap is missing; `make deps` installs it") from error
    if running.returncode:
        raise LabError(f"image: mmdebstrap ended with {running.returncode}: {' | '.join(log[-8:])}")


def _configure(tree: Path) -> None:
    for name, text in FILES.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)
    for name, aim in LINKS.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(aim)
    for name in ("etc/hostname", "var/lib/dbus/machine-id"):
        (tree / name).unlink(missing_ok=True)
    shutil.rmtree(tree / "var/cache/apt", ignore_errors=True)
    shutil.rmtree(tree / "var/lib/apt/lists", ignore_errors=True)


if __name__ == "__main__":
    for recipe in (BASE, APPS, SESSION) if sys.argv[1:] == ["--all"] else (BASE,):
        print(image(recipe))
