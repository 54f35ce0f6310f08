"""A build sandbox like Nix's, made from a Debian: no /usr/bin, no network, an ordinary user, declared programs only.

Nix's manual describes Nix's own sandbox ("sandbox" in nix.conf(5)); its source is LinuxDerivationBuilder.
"""

from __future__ import annotations

import importlib.metadata
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

# Package of nixpkgs → Debian's packages with the same programs; by default the package of the same name.
DEBIAN = {
    "nix": ("nix-bin",),
    "systemd": ("systemd", "systemd-container"),
    "util-linux": ("util-linux", "util-linux-extra", "mount", "bsdutils"),
    # what nixpkgs' stdenv has in PATH
    "stdenv": (
        *("bash", "bzip2", "coreutils", "diffutils", "file", "findutils", "gawk", "grep", "gzip", "make", "patch"),
        *("sed", "tar", "xz-utils"),
    ),
    "compiler": ("gcc", "binutils", "libc6-dev"),
}
BUILDER, GROUP = 30001, 30000  # nixbld1, and its group
# Debian's programs are mounted where nothing searches for them, and their loader and libraries where they expect them.
SEEN = (
    ("usr", "debian"),
    ("usr/lib", "usr/lib"),
    ("usr/lib", "lib"),
    ("usr/lib64", "lib64"),
    ("usr/share", "usr/share"),
    ("usr/include", "usr/include"),
)
USERS = f"root:x:0:0::/build:/noshell\nnixbld:x:{BUILDER}:{GROUP}::/build:/noshell\nnobody:x:65534:65534::/:/noshell\n"
GROUPS = f"root:x:0:\nnixbld:!:{GROUP}:\nnogroup:x:65534:\n"
DEVICES = ("full", "null", "random", "tty", "urandom", "zero")


@dataclass(frozen=True)
class Builder:
    """A sandbox below a directory. debian: the tree whose programs it has; seen: more of the host's paths to show."""

    root: Path
    debian: Path = Path("/")
    seen: tuple[Path, ...] = ()

    @property
    def build(self) -> Path:
        """The host's path of the sandbox's /build."""
        return self.root / "build"

    def offer(self, packages: Iterable[str]) -> str:
        """Link the programs of packages, which are named as in nixpkgs, into the sandbox, and return their PATH."""
        search_path = []
        for package in packages:
            directory = self.root / "declared" / package / "bin"
            directory.mkdir(parents=True)
            for debian in DEBIAN.get(package, (package,)):
                for program in self._programs(debian):
                    link = directory / program.name
                    if not link.is_symlink():
                        link.symlink_to(f"/debian/{program.parent.name}/{program.name}")
            if package == "stdenv":
                (directory / "sh").symlink_to("bash")
            if package == "compiler":
                (directory / "cc").symlink_to("gcc")
            search_path.append(f"/declared/{package}/bin")
        return ":".join(search_path)

    def _programs(self, package: str) -> list[Path]:
        info = self.debian / "var/lib/dpkg/info"
        lists = [*info.glob(f"{package}.list"), *info.glob(f"{package}:*.list")]
        files = [Path(line) for file in lists for line in file.read_text().splitlines()]
        return [
            file for file in files if file.parent.name in ("bin", "sbin") and file.parts[1] in ("bin", "sbin", "usr")
        ]

    def run(self, command: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a command as the builder, with this environment alone."""
        apart = ["unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]
        given = [f"{key}={value}" for key, value in environment.items()]
        builder = [*apart, "sh", "-euc", self._set_up(), "sh", *given, "/declared/stdenv/bin/bash", "-euc", command]
        return subprocess.run(builder, check=False, capture_output=True, text=True)

    def _set_up(self) -> str:
        """The shell script that makes the sandbox and becomes its command."""
        at = shlex.quote(str(self.root))
        binds = [(self.debian / source, target) for source, target in SEEN]
        binds += [(path, str(path).lstrip("/")) for path in self.seen]
        lines = [f"mount --bind {at} {at}", f"cd {at}", "mkdir -p proc dev etc tmp usr bin build"]
        for source, target in binds:
            lines += [f"mkdir -p ./{target}", f"mount --bind {shlex.quote(str(source))} ./{target}"]
            lines += [f"mount -o remount,bind,ro ./{target}"]
        lines += [
            "mount -t tmpfs -o mode=755 none dev",
            *(f"touch dev/{name}; mount --bind /dev/{name} dev/{name}" for name in DEVICES),
            "mkdir dev/shm dev/pts; chmod 1777 dev/shm",
            "mount -t devpts -o newinstance,ptmxmode=0666 none dev/pts",
            "ln -s pts/ptmx dev/ptmx; ln -s /proc/self/fd dev/fd",
            "ln -s fd/0 dev/stdin; ln -s fd/1 dev/stdout; ln -s fd/2 dev/stderr",
            "ln -sf /debian/bin/dash bin/sh",
            f"printf %s {shlex.quote(USERS)} >etc/passwd; printf %s {shlex.quote(GROUPS)} >etc/group",
            "printf '127.0.0.1 localhost\\n::1 localhost\\n' >etc/hosts",
            f"chown -R {BUILDER}:{GROUP} build; chmod 1777 tmp",
            "mount -t proc none proc",
            "ip link set lo up",
            "hostname localhost",
            "mkdir .old; pivot_root . .old; cd /; /debian/bin/umount -l .old; cd /build",
            f"exec /debian/bin/setpriv --reuid {BUILDER} --regid {GROUP} --clear-groups --no-new-privs"
            ' --inh-caps=-all --bounding-set=-all /debian/bin/env -i "$@"',
        ]
        return "\n".join(lines)


def needed(names: Iterable[str]) -> list[importlib.metadata.Distribution]:
    """Installed Python packages and all packages that they require, according to their metadata."""
    packages: dict[str, importlib.metadata.Distribution] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in packages:
            continue
        packages[name] = importlib.metadata.distribution(name)
        requirements = [Requirement(line) for line in packages[name].requires or []]
        waiting += [
            requirement.name
            for requirement in requirements
            if not requirement.marker or requirement.marker.evaluate({"extra": ""})
        ]
    return list(packages.values())


def lay_out_python(names: Iterable[str], directory: Path) -> None:
    """Copy Python packages, with all that they require, into a directory for PYTHONPATH."""
    directory.mkdir(parents=True)
    for package in needed(names):
        for part in {file.parts[0] for file in package.files or []} - {"..", "__pycache__"}:
            source, target = Path(str(package.locate_file(part))), directory / part
            if source.is_dir():  # with its bytecode, which the store has too: the builder may write none there
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copy(source, target)


def interpreter(debian: Path) -> tuple[str, tuple[Path, ...]]:
    """The path in the sandbox of this Python or a Debian's, and the host's directories that it needs there."""
    if debian == Path("/") and Path(sys.base_prefix) != Path("/usr"):
        return f"{sys.base_prefix}/bin/python{sys.version_info[0]}.{sys.version_info[1]}", (Path(sys.base_prefix),)
    return f"/debian/bin/{os.readlink(debian / 'usr/bin/python3')}", ()
