"""One process of each unit inside, and the files as that process sees them."""

import os
from collections.abc import Iterator
from typing import Any

from nsguard.health import status
from nsguard.health.doctor.subject import Patient
from nsguard.health.judge import Hole
from nsguard.system import kernel


def first_processes(patient: Patient) -> dict[str, int]:
    """Unit → PID of its first process inside. A process that belongs to no unit is listed as "PID n"."""
    first: dict[str, int] = {}
    for pid in patient.processes:
        if not _being_set_up(pid):
            first.setdefault(status.unit_of(pid) or f"PID {pid}", pid)
    return first


def judged(patient: Patient) -> Iterator[tuple[str, int, dict[str, Any], list[Hole]]]:
    """The services that the plan wrote: unit, PID of its first process inside, the plan's requirements, its holes."""
    for unit, pid in first_processes(patient).items():
        if unit.endswith(".service") and (outcome := patient.judged(unit)):
            yield unit, pid, *outcome


def _being_set_up(pid: int) -> bool:
    """Whether the process still runs systemd's code: until it executes the unit's program, it sees the host's files."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")) in ("systemd-executor", "systemd")
    except OSError:
        return False


def file_at(path: str) -> os.stat_result | None:
    """The file that the calling process sees at `path`, with symlinks followed; None if it sees none."""
    try:
        return os.stat(path)
    except OSError:
        return None


def sees(path: str, file: os.stat_result) -> bool:
    """Whether the calling process sees this very file at `path`."""
    seen = file_at(path)
    return seen is not None and os.path.samestat(seen, file)


def enter(pid: int) -> None:
    """Make the calling process see the same files as process `pid`. It cannot be undone, so call it in a child."""
    mount_namespace = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_CLOEXEC)
    kernel.setns(mount_namespace, kernel.CLONE_NEWNS)
    os.fchdir(root)
    os.chroot(".")
