"""A control group of its own for each machine, where no systemd on the host gives one.

nspawn would put the payload of every container started from one group into the same `payload` group, and the
systemds in them would then kill each other's processes.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from ..errors import LabError


def host_has_systemd() -> bool:
    """Whether systemd is the host's init (sd_booted(3))."""
    return Path("/run/systemd/system").is_dir()


def hierarchies() -> dict[str, Path]:
    """The hierarchies that systemd tracks processes in: the name in /proc/self/cgroup → where it is mounted."""
    mounts = {}
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, directory, kind, options, *_ = line.split()
        if kind == "cgroup2":
            mounts[""] = Path(directory)
        elif kind == "cgroup" and "name=systemd" in options.split(","):
            mounts["name=systemd"] = Path(directory)
    return mounts


class Cgroup:
    """A group of one name in each of the hierarchies, below the group this process is in."""

    def __init__(self, name: str) -> None:
        mounts = hierarchies()
        own = (line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines())
        self.groups = [
            mounts[controllers] / group.lstrip("/") / name for _, controllers, group in own if controllers in mounts
        ]
        try:
            for group in self.groups:
                group.mkdir()
        except OSError as error:
            self.remove()
            raise LabError(f"cgroup: cannot make {error.filename}: {error.strerror}") from error

    @property
    def files(self) -> list[Path]:
        """A process that writes its id, or 0 for itself, into each of these is in the group."""
        return [group / "cgroup.procs" for group in self.groups]

    def kill(self) -> None:
        """Kill what is left in the group or below it."""
        for group in self.groups:
            for path, _, _ in os.walk(group):
                with suppress(FileNotFoundError, ProcessLookupError):
                    for pid in map(int, Path(path, "cgroup.procs").read_text().split()):
                        os.kill(pid, signal.SIGKILL)

    def remove(self) -> None:
        """Remove the group and those below it, once the processes in them are gone."""
        deadline = time.monotonic() + 5
        for group in self.groups:
            while group.exists():
                try:
                    for path, _, _ in os.walk(group, topdown=False):
                        os.rmdir(path)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    if time.monotonic() > deadline:
                        raise LabError(f"cgroup: {group} is still in use: {error.strerror}") from error
                    self.kill()
                    time.sleep(0.01)
