"""Sockets of the host's programs that those inside can reach by a path: a network namespace does not hold these."""

import functools
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from nsguard.health import reasons, status
from nsguard.health.doctor.subject import Finding, Patient
from nsguard.system import child, kernel, systemd

# unix(7), /proc/net/unix: flag of a socket that listens, type of one that takes datagrams from anybody.
_LISTENS, _DATAGRAM = 0x10000, 2
_BINDS = ("BindPaths", "BindReadOnlyPaths")
# What hides the paths below a directory from a confined unit, the narrowest first (systemd.exec(5)).
_HIDING = {
    "/tmp": "PrivateTmp",  # noqa: S108 (compared, not used)
    "/var/tmp": "PrivateTmp",  # noqa: S108
    "/home": "ProtectHome",
    "/root": "ProtectHome",
    "/": "TemporaryFileSystem",
}
# A process that is a tunnel, and where it and its like hear wg(8): of a tunnel through another the process is inside.
_TUNNEL_UNIT = re.compile(r"nsguard-userspace-.*\.service\Z")
_TUNNEL_SOCKET = re.compile(r"(/var)?/run/(wireguard|amneziawg)/nsg-[0-9a-f]{8}\.sock\Z")
# Seconds; it takes milliseconds.
_TIMEOUT = 5.0


def sockets(patient: Patient) -> Iterator[Finding]:
    """Of each unit inside one process looks, with its own eyes, for what listens on the host."""
    listening = [path for path in _listening() if not any(fnmatchcase(path, it) for it in patient.spec.sockets)]
    first: dict[str, int] = {}
    for pid in patient.processes:
        if _being_set_up(pid):
            continue
        first.setdefault(status.unit_of(pid) or f"PID {pid}", pid)
    for unit, pid in first.items():
        try:
            seen = child.answer(functools.partial(_reachable, pid, listening), _TIMEOUT)
        except (child.Failed, child.Late):
            continue  # it ended meanwhile
        seen = [path for path in seen if not (_TUNNEL_UNIT.match(unit) and _TUNNEL_SOCKET.match(path))]
        shown = _shown(unit) if seen else {}
        if _mute(shown.get("RestrictAddressFamilies", "").split()):
            continue
        # Paths of the host that the unit itself binds into its view (systemd.exec(5), BindPaths=).
        bound = [word.split(":")[0] for key in _BINDS for word in shown.get(key, "").split()]
        own = [path for path in seen if any(_below(path, it) for it in bound)]
        others = [path for path in seen if path not in own]
        for paths, note, remedy in (
            (others, False, _mend(patient.name, unit, shown, others[0]) if others else ""),
            (
                own,
                True,
                f"whoever listens there works outside the namespace; if that is not meant, unbind it in {unit}",
            ),
        ):
            if paths:
                more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
                yield Finding(f"{unit} reaches {paths[0]}{more}, of the host", remedy, note)


def _being_set_up(pid: int) -> bool:
    """Whether the process is systemd's own still, which sees the host's files until it becomes the unit's program."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")) in ("systemd-executor", "systemd")
    except OSError:
        return False


def _mend(namespace: str, unit: str, shown: Mapping[str, str], path: str) -> str:
    """Of a unit that nsguard confines, the setting that lets the path be seen; any other is to be confined."""
    if f"/run/nsguard/{namespace}/" not in shown.get("ExtensionDirectories", "") + shown.get("BindReadOnlyPaths", ""):
        return _confine(unit)
    key = next(key for directory, key in _HIDING.items() if _below(path, directory))
    lines = systemd.settings(unit, key)
    # An empty line forgets those before it (systemd.syntax(7)); of what is no list the last line counts.
    blamed = [line for line in lines if not line[1]] or lines
    where = f"{key}={blamed[-1][1]} in {blamed[-1][0]} uncovers it" if blamed else f"no {key}= covers it"
    return f"{where}; correct {reasons.option(unit)}.serviceConfig.{key}, then: systemctl restart {unit}"


def _below(path: str, directory: str) -> bool:
    path = path.removeprefix("/var") if path.startswith("/var/run/") else path
    return path == directory or path.startswith(f"{directory.rstrip('/')}/")


def _confine(unit: str) -> str:
    if unit.endswith(".service"):
        return (
            f"confine it by systemd.services.{unit.removesuffix('.service')}.nsguard.namespace, and look for drop-ins"
        )
    return "end it, or run it confined"


def _listening() -> list[str]:
    """Paths of sockets in the host's network namespace that anybody can connect or send to; no abstract ones."""
    found = set()
    with open("/proc/1/net/unix", encoding="utf-8", errors="surrogateescape") as lines:
        next(lines)
        for line in lines:
            words = line.split(None, 7)
            if len(words) == 8 and (int(words[3], 16) & _LISTENS or int(words[4], 16) == _DATAGRAM):
                found.add(words[7].rstrip("\n"))
    return sorted(path for path in found if path.startswith("/"))


def _reachable(pid: int, paths: Iterable[str]) -> list[str]:
    """Those of the host's sockets that process `pid` sees at the same path and may write to. In a child of ours."""
    theirs = {path: found for path in paths if (found := _socket(path))}
    uid, gid, groups = _identity(pid)
    there = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_CLOEXEC)
    kernel.setns(there, kernel.CLONE_NEWNS)
    os.fchdir(root)
    os.chroot(".")
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    return [path for path, found in theirs.items() if _socket(path) == found and os.access(path, os.W_OK)]


def _socket(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISSOCK(found.st_mode) else None


def _identity(pid: int) -> tuple[int, int, list[int]]:
    """Effective user, group and supplementary groups (proc_pid_status(5))."""
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
        fields = dict(line.rstrip("\n").partition(":\t")[::2] for line in file)
    return int(fields["Uid"].split()[1]), int(fields["Gid"].split()[1]), [int(it) for it in fields["Groups"].split()]


def _shown(unit: str) -> dict[str, str]:
    names = [*_BINDS, "RestrictAddressFamilies", "ExtensionDirectories"]
    return next(iter(systemd.show([unit], names) if unit.endswith(".service") else []), {})


def _mute(families: list[str]) -> bool:
    """Whether no socket by path may be made, by a list of families that may be, or with ~ of those that may not."""
    if families and families[0].startswith("~"):
        return "AF_UNIX" in (families[0][1:], *families[1:])
    return bool(families) and "AF_UNIX" not in families
