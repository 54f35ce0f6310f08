"""What attacks on the kernel's files share: whether the machine has a kernel to itself, and which files can be written.

A container has the kernel of the machine that carries the lab: files that belong to no namespace must not be written
there.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ..attack import CannotApplyError, Env, Lacking

# Where the kernel shows its own files: settings, devices and drivers, its tracers, control groups, firmware.
TREES = ("/proc/sys", "/proc/irq", "/proc/acpi", "/proc/fs", "/proc/bus", "/proc/driver", "/proc/scsi", "/sys")
FILES = ("/proc/sysrq-trigger", "/proc/latency_stats", "/proc/mtrr", "/proc/kcore", "/proc/timer_stats")
CGROUPS = Path("/sys/fs/cgroup")


def require_own_kernel(env: Env) -> None:
    """Raise CannotApplyError in a machine that shares its kernel with the one that carries the lab."""
    if not env.parameters.get("own_kernel"):
        raise CannotApplyError(
            Lacking.KERNEL, "not shown in this lab: its kernel is that of the machine that carries it; see --lab vm"
        )


def require_not_laid_over(env: Env, error: OSError) -> None:
    """Raise CannotApplyError where the container's manager keeps a file from being written, not the confinement."""
    if error.errno == errno.EROFS:
        require_own_kernel(env)


def writable() -> Iterator[str]:
    """The kernel's files that open for writing, except the pressure files of this process's own control group."""
    own = {f"{CGROUPS}{directory}" for directory in own_cgroups()}
    for path in _files():
        if os.path.dirname(path) in own and path.endswith(".pressure"):
            continue  # a process may ask the kernel for notices of its own group's pressure
        with suppress(OSError):
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW))
            yield path


def _files() -> Iterator[str]:
    yield from FILES
    for tree in TREES:
        for directory, _, names in os.walk(tree):
            yield from (f"{directory}/{name}" for name in names)


def own_cgroups() -> list[str]:
    """This process's control groups, as paths below where they are mounted (cgroups(7), /proc/PID/cgroup)."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    return [line.split(":", 2)[2].rstrip("/") for line in lines]
