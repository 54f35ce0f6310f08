"""The lab's image: a small Debian tree that every machine boots from, by an overlay."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..addresses import LAB
from ..errors import LabError
from .apt import debian_mirror

SUITE = "trixie"
PACKAGES = (
    *("systemd", "systemd-sysv", "systemd-resolved", "libnss-resolve", "libnss-myhostname", "libnss-systemd"),
    *("dbus", "polkitd", "login", "passwd", "procps", "util-linux", "kmod", "python3", "bash", "tar"),
    *("iproute2", "iptables", "nftables", "iputils-ping", "tcpdump", "wireguard-tools", "wireguard-go"),
)
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# path-excludes: nobody reads manuals in there
DPKG_OPTIONS = ("path-exclude=/usr/share/doc/*", "path-exclude=/usr/share/man/*", "path-exclude=/usr/share/locale/*")
# What would send of its own accord, or only costs time at boot.
MASKED = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "fstrim.timer", "e2scrub_all.timer"),
    *("systemd-timesyncd.service", "systemd-networkd.service", "systemd-networkd-wait-online.service"),
    *("console-getty.service", "getty.target", "systemd-firstboot.service", "systemd-update-utmp.service"),
    *("ldconfig.service", "systemd-journal-catalog-update.service", "systemd-hwdb-update.service"),
    *("e2scrub_reap.service", "nftables.service"),
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
    f"etc/systemd/system/{unit}": "/dev/null" for unit in MASKED
}


def key() -> str:
    """Names what the image is made of; another suite, package or file makes another image."""
    recipe = [SUITE, PACKAGES, DPKG_OPTIONS, FILES, LINKS]
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:16]


def cache(environment: Mapping[str, str] = os.environ) -> Path:
    """Where images are kept, as the XDG base directory specification has it: a relative path there is ignored."""
    base = environment.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "nsguard"


def image() -> Path:
    """The tree to boot from, built when it is not there yet; raises LabError."""
    home = cache()
    target = home / f"image-{key()}"
    if target.exists():
        return target
    home.mkdir(parents=True, exist_ok=True)
    with _locked(home / "lock"):
        if not target.exists():  # another process may have built it while this one waited
            _say(f"building the lab's image in {target}: once, about half a minute")
            # temporary, then renamed: what carries the name is whole
            with tempfile.TemporaryDirectory(prefix="building-", dir=home) as building:
                tree = Path(building) / "tree"
                _bootstrap(tree)
                _configure(tree)
                tree.rename(target)
    return target


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("waiting for another process that builds the lab's image")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(text: str) -> None:
    print(f"nsguard: {text}", file=sys.stderr, flush=True)


def _bootstrap(tree: Path) -> None:
    command = ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
    command += [f"--dpkgopt={option}" for option in DPKG_OPTIONS]
    if KEYRING.exists():
        command.append(f"--keyring={KEYRING}")
    mirror = debian_mirror()
    command += [SUITE, str(tree), *([mirror] if mirror else [])]
    log = []
    try:
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as running:
            assert running.stdout is not None
            for line in running.stdout:
                log.append(line.rstrip())
                if line.startswith("I: "):
                    _say(f"  {line[3:].rstrip()}")
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
    print(image())
