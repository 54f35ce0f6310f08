"""Whatever is in sight: every socket, pipe and device that has a path, whether or not anybody thought of it."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress

from ..attack import Attack, Env, Outcome
from ._standins import WithStandins

# All directories of a machine, which an emulated one may read through a share of its host's.
WALK_SECONDS = 60.0
# the kernel's own trees, and what nobody can write to: nothing listens there
SKIPPED = ("/proc", "/sys", "/nix/store")
# What a service is meant to reach: the relay of its messages to the manager, and the journal.
MEANT = (
    "/run/nsguard-notify",
    "/run/systemd/journal/stdout",
    "/run/systemd/journal/socket",
    "/run/systemd/journal/dev-log",
)
BUSES, GRANTED = ("SESSION", "SYSTEM"), "/run/nsguard-session/granted/"
KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET)
# null, zero, full, random and urandom; terminals (Documentation/admin-guide/devices.txt)
HARMLESS = {(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2)} | {(136, minor) for minor in range(256)}


class SocketsInSight(WithStandins):
    """Claim: of all sockets and pipes with a path the service reaches its own, the relay's of its own unit for
    messages to the manager, the journal's for logging, the part of a bus that it was granted, and no other.

    Method: walk all directories; connect(2) to every socket with each type, open every pipe for writing. One outside
    of that list is a success.
    Limitations: what would be said to them is other attacks' affair; a socket that refuses is not in reach.
    Source: unix(7), fifo(7); systemd.exec(5), $NOTIFY_SOCKET and $RUNTIME_DIRECTORY.
    """

    name = "sockets-in-sight"
    timeout = WALK_SECONDS

    def run(self, env: Env) -> Outcome:
        own = [*MEANT, *filter(None, os.environ.get("RUNTIME_DIRECTORY", "").split(":"))]
        # its part of a bus, whose filter is tried by other attacks
        buses = (os.environ.get(f"DBUS_{bus}_BUS_ADDRESS", "").removeprefix("unix:path=") for bus in BUSES)
        own += [path for path in buses if path.startswith(GRANTED)]
        own += env.parameters.get("own", [])
        reached = [
            path
            for root in env.parameters.get("roots", ["/"])
            for path, mode in _paths(root)
            if not any(path == prefix or path.startswith(f"{prefix}/") for prefix in own) and _reached(path, mode)
        ]
        return Outcome(bool(reached), _listed(reached) or "none but its own")


class DevicesInSight(Attack):
    """Claim: of all device nodes the service can open those that every program needs, and no other.

    Method: open every node there is, for writing or else for reading; one other than null, zero, full, random,
    urandom and terminals is a success.
    Limitations: what the machine does not have can't be opened; the lab's machines have tun.
    Source: systemd.exec(5), PrivateDevices=.
    """

    name = "devices-in-sight"
    families = (0,)
    evidence = "answer"
    timeout = WALK_SECONDS

    def run(self, env: Env) -> Outcome:
        opened = [path for path, mode in _paths("/") if (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)) and _opened(path)]
        return Outcome(bool(opened), _listed(opened) or "none but harmless")


def _listed(paths: list[str]) -> str:
    return f"{len(paths)} in reach: {' '.join(paths[:4])}" if paths else ""


def _paths(directory: str) -> Iterator[tuple[str, int]]:
    """Every file below a directory that is neither regular nor a link, with its mode."""
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_symlink() or entry.is_file(follow_symlinks=False):
                continue
            if not entry.is_dir(follow_symlinks=False):
                with suppress(OSError):
                    yield entry.path, entry.stat(follow_symlinks=False).st_mode
            elif entry.path not in SKIPPED:
                yield from _paths(entry.path)


def _reached(path: str, mode: int) -> bool:
    if stat.S_ISFIFO(mode):
        with suppress(OSError):
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
            return True
    if not stat.S_ISSOCK(mode):
        return False
    for kind in KINDS:
        with socket.socket(socket.AF_UNIX, kind) as sock:
            sock.settimeout(0.5)
            try:
                sock.connect(path)
            except OSError as error:
                if error.errno == errno.EPROTOTYPE:
                    continue
                return False
            return True
    return False


def _opened(path: str) -> bool:
    with suppress(OSError):
        device = os.stat(path).st_rdev
        if (os.major(device), os.minor(device)) in HARMLESS:
            return False
    for way in (os.O_RDWR, os.O_RDONLY):
        with suppress(OSError):
            os.close(os.open(path, way | os.O_NONBLOCK | os.O_NOCTTY))
            return True
    return False
