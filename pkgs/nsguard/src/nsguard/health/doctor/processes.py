"""The protections of running processes. A process keeps those with which it was started, even if its unit changes."""

import functools
import os
from collections.abc import Iterator, Mapping
from typing import Any

from nsguard.health.doctor import view
from nsguard.health.doctor.subject import Finding, Patient
from nsguard.health.summary import few
from nsguard.system import child

# Protection → the kind of namespace that the process does not share with the host (namespaces(7)).
_NAMESPACES = {"own-processes": "pid", "private-ipc": "ipc", "private-users": "user"}
# Protection → a path at which the process sees another directory than the host's.
_COVERED = {
    "hidden-homes": "/root",
    "other-state": "/var/lib",
    "own-terminals": "/dev/pts",
    "private-devices": "/dev",
    "private-run": "/run",
    "private-shared-memory": "/dev/shm",  # noqa: S108 (compared, not used)
    "private-tmp": "/tmp",  # noqa: S108
    "resolver-files": "/etc",
}
# Path → protection that makes it read-only for a process of root.
_OF_ROOT = {"/usr": "read-only-system"}
# Seconds to look at the files as one process sees them, which usually takes milliseconds.
_TIMEOUT = 5.0
# The number of protections that a finding lists.
_SHOWN = 3


def weaker(patient: Patient) -> Iterator[Finding]:
    """Processes that lack a protection of their unit: it was changed, or a path made, and nobody restarted them."""
    facts = patient.facts
    if facts is None:
        return
    for unit, pid, want, holes in view.judged(patient):
        try:
            fields = _status(pid)
            read_only = facts["readOnly"] | (_OF_ROOT if "0" in fields["Uid"].split() else {})
            lacking = _of_status(fields, want) + _of_namespaces(pid) + _of_files(pid, read_only)
        except (OSError, child.Failed, child.Late):
            continue  # the process ended meanwhile
        # Another check reports what the unit itself lacks.
        known = {name.partition(":")[0] for name in (*want["loosened"], *(hole.protection for hole in holes))}
        if names := sorted(set(lacking) - known):
            yield Finding(
                f"{unit} (PID {pid}) runs without protections that its unit has ({few(names, _SHOWN)})",
                "the unit, or a path that these protections close, is newer than the process; "
                f"systemctl restart {unit}",
            )


def _status(pid: int) -> dict[str, str]:
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
        return dict(line.rstrip("\n").partition(":\t")[::2] for line in file)


def _of_status(fields: Mapping[str, str], want: Mapping[str, Any]) -> list[str]:
    """Protections that the process's status shows to be missing (proc_pid_status(5))."""
    lacking = {
        "no-new-privileges": fields["NoNewPrivs"] != "1",
        "system-calls": fields["Seccomp"] != "2",
        "capability-bounds": int(fields["CapBnd"], 16).bit_count() > len(want["capabilities"]),
    }
    return [name for name, lacks in lacking.items() if lacks]


def _of_namespaces(pid: int) -> list[str]:
    return [name for name, kind in _NAMESPACES.items() if _namespace(pid, kind) == _namespace(1, kind)]


def _namespace(pid: int, kind: str) -> int:
    return os.stat(f"/proc/{pid}/ns/{kind}").st_ino


def _of_files(pid: int, read_only: Mapping[str, str]) -> list[str]:
    host = {path: directory for path in _COVERED.values() if (directory := view.file_at(path))}
    return list(child.answer(functools.partial(_seen, pid, host, read_only), _TIMEOUT))


def _seen(pid: int, host: Mapping[str, os.stat_result], read_only: Mapping[str, str]) -> list[str]:
    """Protections that process `pid` lacks, by the files that it sees. Runs in a child.

    host: directories as the host sees them, which the process must not see; read_only: path → protection.
    """
    view.enter(pid)
    uncovered = [name for name, path in _COVERED.items() if path in host and view.sees(path, host[path])]
    writable = [name for path, name in read_only.items() if view.file_at(path) and not _is_read_only(path)]
    # "left-for-later:tables" is a part of a protection.
    return uncovered + [name.partition(":")[0] for name in writable]


def _is_read_only(path: str) -> bool:
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
