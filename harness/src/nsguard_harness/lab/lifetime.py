"""Removes what a lab has made, however the lab ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from ..errors import LabError

# The groups are ours or, where systemd runs the host, the scopes that nspawn asked it for; both have a machine's name.
GUARD = """
read -r _ && exit
groups() { find /sys/fs/cgroup -depth -path "*/$1*" -type d 2>/dev/null; }
for group in $(groups "$1"); do
    while read -r process; do kill -9 "$process"; done <"$group/cgroup.procs"
done
umount --lazy "$2" && rmdir "$2"
for _ in 1 2 3 4 5 6 7 8 9; do
    groups "$1" | xargs -r rmdir 2>/dev/null && exit
    sleep 0.2
done
"""


@contextmanager
def guarded(identity: str, work: Path) -> Iterator[None]:
    """Start a process that cleans up after this one is killed, which it notices as the end of its standard input."""
    command = ["sh", "-c", GUARD, "nsguard-lab-guard", f"nsguard-{identity}-", str(work)]
    # out of the terminal's process group, so that ^C does not end it before us
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield
    finally:
        guard.communicate(b"done\n")


@contextmanager
def disk(identity: str) -> Iterator[Path]:
    """A file system in memory: an overlay's upper layer can't lie on another overlay, and nothing here needs a disk."""
    work = Path(tempfile.mkdtemp(prefix=f"nsguard-{identity}-"))
    try:
        mount = ["mount", "-t", "tmpfs", "-o", "mode=0755", f"nsguard-{identity}", str(work)]
        done = subprocess.run(mount, capture_output=True, text=True)
        if done.returncode:
            raise LabError(f"lab: {' '.join(mount)}: {done.stderr.strip()}")
        try:
            yield work
        finally:
            subprocess.run(["umount", "--lazy", str(work)], check=True)
    finally:
        shutil.rmtree(work)


@contextmanager
def terminable() -> Iterator[None]:
    """Make SIGTERM and SIGHUP raise SystemExit, so that a killed harness cleans up as at any other end."""

    owner = os.getpid()

    def end(number: int, _: FrameType | None) -> None:
        # pyroute2 forks helpers and ends them by SIGTERM: one of those must not clean up in our place
        if os.getpid() != owner:
            os._exit(128 + number)
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
