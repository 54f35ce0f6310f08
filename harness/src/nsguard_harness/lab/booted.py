"""What virtual machines start from.

With Debian that is the saved state of a machine that has booted, and its disk: made once, so that a lab starts in
seconds. NixOS boots from the beginning: its activation is part of the test.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..addresses import Addresses
from ..errors import LabError
from ..inside import resident
from ..inside.uplink import commands
from . import image, qemu
from .cache import cached
from .channel import Channel
from .nspawn import PATH
from .system import System
from .virtual import BOOT_SECONDS, await_default_target
from .wire import INTERFACE, mac

PACKAGES = ("linux-image-cloud-amd64", "initramfs-tools")
NAME, GATEWAY = "client", "server"
MAC = mac(2)  # of a wire's second machine; it is part of the saved state
DISK_BYTES = 4 << 30
RESIDENT, UPLINK = "/usr/lib/nsguard-lab/resident.py", "/usr/lib/nsguard-lab/uplink"
# the second for a system whose /etc is its own
UNITS, OTHER_UNITS = "etc/systemd/system", "usr/lib/systemd/system"
# what the kernel would load while the first scenario starts, which takes an emulated machine seconds
MODULES = "wireguard nft_chain_nat nft_ct nft_redir nft_reject_inet overlay"
COMMAND_LINE = (
    "root=/dev/vda rw console=ttyS0 quiet net.ifnames=0 mitigations=off panic=10"
    " systemd.show_status=no systemd.mask=serial-getty@ttyS0.service"
)


@dataclass(frozen=True)
class Booted:
    """What a virtual machine starts from: the files in a directory. init: the program in place of /sbin/init."""

    directory: Path
    init: str = ""

    @property
    def kernel(self) -> qemu.Kernel:
        """The kernel that was booted, or will be."""
        more = f" init={self.init}" if self.init else ""
        return qemu.Kernel(self.directory / "kernel", self.directory / "initrd", COMMAND_LINE + more)

    @property
    def disk(self) -> Path:
        """The disk, never written to again; of a machine that has booted, as it was when that was halted."""
        return self.directory / "booted.qcow2"

    @property
    def state(self) -> Path | None:
        """The halted machine's memory and devices; None where it has yet to boot."""
        state = self.directory / "state"
        return state if state.exists() else None


def files(addresses: Addresses) -> dict[str, str]:
    """What makes a Debian image a machine of the lab: its agent, and an uplink by the machine's name.

    A root shell waits on /dev/hvc0, where there is one: the NixOS test driver's way in.
    """
    return {
        "etc/hostname": f"{NAME}\n",
        UPLINK.lstrip("/"): _uplink_script(addresses),
        f"{UNITS}/lab-uplink.service": (
            "[Unit]\nDefaultDependencies=no\n"
            "After=systemd-udevd.service systemd-sysctl.service systemd-remount-fs.service\n"
            "Before=network-pre.target basic.target\nWants=network-pre.target\n"
            f"[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -eu {UPLINK}\n"
        ),
        f"{UNITS}/lab-resident.service": (
            f"[Service]\nEnvironment=PATH={PATH}\nExecStart=/usr/bin/python3 {RESIDENT} /dev/virtio-ports/{qemu.PORT}\n"
            "KillMode=process\nRestart=always\nOOMScoreAdjust=-900\n"
        ),
        f"{UNITS}/lab-shell.service": (
            "[Unit]\nConditionPathExists=/dev/hvc0\n"
            "[Service]\nStandardInput=tty\nStandardOutput=tty\nStandardError=journal\nTTYPath=/dev/hvc0\n"
            "ExecStart=/bin/bash -c 'stty raw -echo; echo Spawning backdoor root shell...; PS1= exec bash --norc'\n"
            "KillSignal=SIGHUP\nRestart=always\n"
        ),
        RESIDENT.lstrip("/"): Path(resident.__file__).read_text(),
    }


def _uplink_script(addresses: Addresses) -> str:
    client, server = (
        [shlex.join(command) for command in commands(INTERFACE, role, addresses)] for role in ("client", GATEWAY)
    )
    role = f'if [ "$(cat /proc/sys/kernel/hostname)" = {GATEWAY} ]; then'
    return "\n".join([role, *server, "else", *client, "fi", ""])


STARTED_UNITS = ("lab-uplink.service", "lab-resident.service", "lab-shell.service")


def booted(suite: str, addresses: Addresses) -> Booted:
    """A machine of one of Debian's suites that has booted, made when it is not there yet; raises LabError."""
    recipe = image.Recipe(suite, PACKAGES)
    machine = [qemu.version(), qemu.EMULATION, qemu.MEMORY_MIB, COMMAND_LINE, MODULES, MAC]
    ingredients = [recipe.key, *machine, files(addresses)]
    key = hashlib.sha256(json.dumps(ingredients, sort_keys=True).encode()).hexdigest()[:16]
    tree = image.image(recipe)

    def build(directory: Path) -> None:
        directory.mkdir()
        _kernel(tree, directory)
        with _root(tree, directory) as root:
            _add(root, UNITS, files(addresses))
            _disk(root, directory)
        _boot(Booted(directory))

    return Booted(cached(f"booted-{key}", build, f"a booted {suite}: once, about two minutes under emulation"))


def unbooted(suite: str, addresses: Addresses, system: System, directory: Path) -> Booted:
    """A disk, in an empty directory, with a system that brings its own init, such as NixOS.

    suite: the suite of Debian's whose kernel it boots. Raises LabError.
    """
    debian = image.image(image.Recipe(suite, PACKAGES))
    _kernel(debian, directory)
    with _root(system.image, directory) as root:
        _do("cp", "-a", str(debian / "usr/lib/modules"), str(root / "usr/lib"))
        for units in ("system", "user"):
            # what Debian would start is not this system's
            shutil.rmtree(root / "usr/lib/systemd" / units, ignore_errors=True)
        _add(root, OTHER_UNITS, files(addresses))
        for path in _closure(str(system.init)):
            (root / "nix/store").mkdir(parents=True, exist_ok=True)
            _do("cp", "-a", path, str(root / "nix/store"))
        system.lay_out(root)
        _disk(root, directory)
    return Booted(directory, str(system.init))


def _closure(init: str) -> list[str]:
    """The store paths that a program of the store needs (nix-store(1), --requisites)."""
    return _do("nix-store", "--query", "--requisites", str(Path(init).parent)).split()


def _kernel(tree: Path, directory: Path) -> None:
    for name, pattern in (("kernel", "vmlinuz-*"), ("initrd", "initrd.img-*")):
        shutil.copy(sorted((tree / "boot").glob(pattern))[-1], directory / name)


@contextmanager
def _root(tree: Path, directory: Path) -> Iterator[Path]:
    """A copy of a tree, to add to."""
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        root = Path(scratch) / "root"
        _do("cp", "-a", "--reflink=auto", str(tree), str(root))
        yield root


def _add(root: Path, units: str, more: dict[str, str]) -> None:
    """Lay the lab's own files, its units in the directory `units`, and have these started."""
    for name, text in more.items():
        path = root / name.replace(UNITS, units, 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)
    wants = root / units / "multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    for unit in STARTED_UNITS:
        (wants / unit).symlink_to(f"../{unit}")


def _disk(root: Path, directory: Path) -> None:
    with (directory / "disk.raw").open("wb") as disk:
        disk.truncate(DISK_BYTES)
    _do("mkfs.ext4", "-q", "-d", str(root), str(directory / "disk.raw"))
    overlay(directory / "disk.raw", "raw", directory / "booted.qcow2")


def overlay(below: Path, kind: str, path: Path) -> None:
    """Make a disk for changes to another one, which stays as it is. kind: the other's format, `raw` or `qcow2`."""
    # a name without a directory is looked for beside the image (qemu-img(1))
    backing = below.name if below.parent == path.parent else str(below)
    _do("qemu-img", "create", "-q", "-f", "qcow2", "-b", backing, "-F", kind, str(path))


def _do(*command: str) -> str:
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise LabError(f"vm: there is no {command[0]}; {qemu.REMEDY}") from error
    if result.returncode:
        raise LabError(f"vm: `{' '.join(command)}` ended with {result.returncode}: {result.stderr.strip()[-300:]}")
    return result.stdout


def _boot(machine: Booted) -> None:
    with tempfile.TemporaryDirectory(dir=machine.directory) as scratch:
        # a hub of its own: its frames reach nobody
        hub = "hubport,hubid=0"
        pace = qemu.pace(machine.kernel.image)
        with qemu.Qemu(Path(scratch), machine.kernel, machine.disk, hub, MAC) as running:
            channel = Channel(NAME, running.port, pace)
            try:
                running.qmp("cont")
                seconds = BOOT_SECONDS * pace
                if not channel.wait_for_boot(0, seconds):
                    raise LabError(f"vm: the machine did not boot in {seconds:g} s: {tail(running.console)}")
                await_default_target(channel, seconds)
                channel.run(f"modprobe -qa {MODULES} || true", 60 * pace)
                channel.run("sync; echo 3 > /proc/sys/vm/drop_caches; fstrim / || true", 60 * pace)
                running.qmp("stop")
                running.save(machine.directory / "state")
            finally:
                channel.close()


def tail(console: Path) -> str:
    """The last lines of a console."""
    lines = [line.strip() for line in console.read_text(errors="replace").splitlines() if line.strip()]
    return " | ".join(lines[-8:]) or "the console is empty"
