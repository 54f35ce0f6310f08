"""Sockets of the host's programs that processes inside can reach by a path; a network namespace does not hide them."""

import functools
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from nsguard.health import reasons
from nsguard.health.doctor import view
from nsguard.health.doctor.subject import TUNNEL_UNIT, Finding, Patient
from nsguard.system import child, systemd

# unix(7), /proc/net/unix: the flag of a listening socket, and the type of one that takes datagrams from anybody.
_LISTENS, _DATAGRAM = 0x10000, 2
_BINDS = ("BindPaths", "BindReadOnlyPaths")
# Directory → the setting that hides the paths below it from a confined unit, the narrowest first (systemd.exec(5)).
_HIDING = {
    "/tmp": "PrivateTmp",  # noqa: S108 (compared, not used)
    "/var/tmp": "PrivateTmp",  # noqa: S108
    "/home": "ProtectHome",
    "/root": "ProtectHome",
    "/": "TemporaryFileSystem",
}
# The socket of wireguard-go for wg(8).
_TUNNEL_SOCKET = re.compile(r"(/var)?/run/(wireguard|amneziawg)/nsg-[0-9a-f]{8}\.sock\Z")
# Seconds to look at the files as one process sees them, which usually takes milliseconds.
_TIMEOUT = 5.0


def sockets(patient: Patient) -> Iterator[Finding]:
    """Listening sockets of the host that a unit inside can reach, as one process of each unit sees them."""
    listening = [
        path for path in _listening() if not any(fnmatchcase(path, pattern) for pattern in patient.spec.sockets)
    ]
    for unit, pid in view.first_processes(patient).items():
        try:
            reachable = child.answer(functools.partial(_reachable, pid, listening), _TIMEOUT)
        except (child.Failed, child.Late):
            continue  # the process ended meanwhile
        reachable = [path for path in reachable if not (TUNNEL_UNIT.match(unit) and _TUNNEL_SOCKET.match(path))]
        properties = _shown(unit) if reachable else {}
        if _mute(properties.get("RestrictAddressFamilies", "").split()):
            continue
        # Paths of the host that the unit itself binds into its view (systemd.exec(5), BindPaths=).
        bind_sources = [word.split(":")[0] for key in _BINDS for word in properties.get(key, "").split()]
        bound_paths = [path for path in reachable if any(_below(path, source) for source in bind_sources)]
        others = [path for path in reachable if path not in bound_paths]
        for paths, note, remedy in (
            (others, False, _mend(patient.name, unit, properties, others[0]) if others else ""),
            (
                bound_paths,
                True,
                "the program that listens there works outside the namespace; if that is not intended, "
                f"unbind it in {unit}",
            ),
        ):
            if paths:
                more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
                yield Finding(f"{unit} reaches the host's socket {paths[0]}{more}", remedy, note)


def _mend(namespace: str, unit: str, properties: Mapping[str, str], path: str) -> str:
    """The remedy: to correct the setting that shows the path to a confined unit, or to confine the unit."""
    if f"/run/nsguard/{namespace}/" not in properties.get("ExtensionDirectories", "") + properties.get(
        "BindReadOnlyPaths", ""
    ):
        return _confine(unit)
    key = next(key for directory, key in _HIDING.items() if _below(path, directory))
    lines = systemd.settings(unit, key)
    # An empty value resets the values before it (systemd.syntax(7)). If a setting has one value, the last line counts.
    responsible = [line for line in lines if not line[1]] or lines
    cause = f"{key}={responsible[-1][1]} in {responsible[-1][0]} uncovers it" if responsible else f"no {key}= covers it"
    return f"{cause}; correct {reasons.option(unit)}.serviceConfig.{key}, then: systemctl restart {unit}"


def _below(path: str, directory: str) -> bool:
    path = path.removeprefix("/var") if path.startswith("/var/run/") else path
    return path == directory or path.startswith(f"{directory.rstrip('/')}/")


def _confine(unit: str) -> str:
    if unit.endswith(".service"):
        service = unit.removesuffix(".service")
        return f"confine it with systemd.services.{service}.nsguard.namespace, and check its drop-ins"
    return "stop it, or run it confined"


def _listening() -> list[str]:
    """Sorted paths of listening or datagram sockets in the host's network namespace, without abstract sockets."""
    socket_paths = set()
    with open("/proc/1/net/unix", encoding="utf-8", errors="surrogateescape") as lines:
        next(lines)
        for line in lines:
            words = line.split(None, 7)
            if len(words) == 8 and (int(words[3], 16) & _LISTENS or int(words[4], 16) == _DATAGRAM):
                socket_paths.add(words[7].rstrip("\n"))
    return sorted(path for path in socket_paths if path.startswith("/"))


def _reachable(pid: int, paths: Iterable[str]) -> list[str]:
    """The paths at which process `pid` sees the same socket as the host and may write to it. Runs in a child."""
    files = {path: file for path in paths if (file := view.file_at(path)) and stat.S_ISSOCK(file.st_mode)}
    uid, gid, groups = _identity(pid)
    view.enter(pid)
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    return [path for path, file in files.items() if view.sees(path, file) and os.access(path, os.W_OK)]


def _identity(pid: int) -> tuple[int, int, list[int]]:
    """The effective user, the group and the supplementary groups of a process (proc_pid_status(5))."""
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
        fields = dict(line.rstrip("\n").partition(":\t")[::2] for line in file)
    return int(fields["Uid"].split()[1]), int(fields["Gid"].split()[1]), [int(it) for it in fields["Groups"].split()]


def _shown(unit: str) -> dict[str, str]:
    names = [*_BINDS, "RestrictAddressFamilies", "ExtensionDirectories"]
    return next(iter(systemd.show([unit], names) if unit.endswith(".service") else []), {})


def _mute(families: list[str]) -> bool:
    """Whether address families forbid Unix sockets: a list of allowed families, or with ~ of forbidden ones."""
    if families and families[0].startswith("~"):
        return "AF_UNIX" in (families[0][1:], *families[1:])
    return bool(families) and "AF_UNIX" not in families
