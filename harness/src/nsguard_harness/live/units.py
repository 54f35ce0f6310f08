"""Confined services of this host, and probes that are confined as they are.

A probe is a unit with the service's own [Service] lines, in their order, as `systemctl cat` shows them, except those
for what is run, when, and where it keeps its files. systemd's properties of both units are then compared. The probe's
file is in /run, and is removed with it. systemd-run(1) cannot replace it: it does not take every property that a file
may have.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..agent_client import Agent
from ..errors import HarnessError, LabError
from .host import Host

OWN = "nsguard-leaktest-"
PACKAGE = Path(__file__).parents[1]
START_SECONDS, STOP_SECONDS = 20, 5
MOST_SECONDS = 300  # a probe whose starter was killed ends by itself
# what a probe does differently from the service, or must not do a second time; all other lines confine
NOT_COPIED = re.compile(
    "|".join(
        (
            r"Exec(?!Condition)|Type$|Restart|Timeout|Watchdog|RuntimeMax|RuntimeRandom|Notify|PIDFile|BusName|Reload",
            r"RemainAfterExit|GuessMain|Success|Kill|SendSIG|FinalKill|Survive|NonBlocking|Sockets$|OpenFile|PAMName",
            r"(State|Cache|Logs|Configuration|Runtime)Directory|WorkingDirectory$|(Load|Set|Import)Credential|X-",
            r"(Pass|Unset)?Environment|Standard|Syslog|Log|TTY|Utmp|FileDescriptor|Slice$|Delegate|OOM|Coredump|Nice",
            r"Memory(?!Deny)|(Startup)?(CPU|IO|Allowed)|Tasks|Limit",
        )
    )
)
BINDS = {"BindPaths", "BindReadOnlyPaths"}
# `systemctl show` prints these with process numbers and times
NOT_COMPARED = {"ExecCondition", *BINDS}
FILES = Path("/run/systemd/system")


@dataclass(frozen=True)
class Service:
    """A service that is confined to the namespace. lines: its [Service] lines that confine."""

    unit: str
    user: str
    active: bool
    directories: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]

    @property
    def identity(self) -> str:
        """`root` or `user`, as attacks tell them apart."""
        return "root" if self.user in ("", "root", "0") else "user"


def systemctl(*arguments: str) -> str:
    """What systemctl prints. Raises HarnessError with its last words."""
    done = subprocess.run(["systemctl", "--no-pager", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise HarnessError(f"live: systemctl {' '.join(arguments)}: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout


def show(unit: str, *properties: str) -> dict[str, str]:
    """Properties of a unit as systemd holds them."""
    lines = systemctl("show", *(f"--property={name}" for name in properties), "--", unit).splitlines()
    return dict(line.partition("=")[::2] for line in lines)


def services(namespace: str, named: Sequence[str] = ()) -> list[Service]:
    """The services that systemd starts in a namespace, running ones first; only those in `named`, if any.

    Raises HarnessError for a service that there is not or that is not confined, and where there is none at all.
    """
    path = f"/run/netns/{namespace}"
    members = []
    for unit in named or _loaded(path):
        properties = show(
            unit, "Id", "LoadState", "NetworkNamespacePath", "User", "DynamicUser", "ActiveState", "RuntimeDirectory"
        )
        if properties.get("LoadState") != "loaded":
            raise HarnessError(f"live: --unit {unit}: there is no such unit")
        if properties.get("NetworkNamespacePath") != path:
            raise HarnessError(f"live: --unit {unit}: it is not confined to namespace {namespace}")
        members.append(
            Service(
                properties["Id"],
                properties.get("User") or ("nobody" if properties.get("DynamicUser") == "yes" else ""),
                properties.get("ActiveState") == "active",
                tuple(f"/run/{name}" for name in properties.get("RuntimeDirectory", "").split()),
                confining(systemctl("cat", "--", properties["Id"]), properties["Id"]),
            )
        )
    if not members:
        raise HarnessError(
            f"live: no service is confined to namespace {namespace}, so there is no confinement to try; "
            "start one, or name one by --unit"
        )
    return sorted(members, key=lambda service: not service.active)


def _loaded(path: str) -> Iterator[str]:
    output = systemctl("show", "--property=Id", "--property=NetworkNamespacePath", "*.service")
    for record in output.split("\n\n"):
        values = dict(line.partition("=")[::2] for line in record.splitlines())
        # nsguard's own units are not what people confine; an app can be chosen by --unit
        if values.get("NetworkNamespacePath") == path and not values["Id"].startswith("nsguard-"):
            yield values["Id"]


def confining(text: str, unit: str) -> tuple[tuple[str, str], ...]:
    """The lines of unit files' [Service] sections that confine, in their order (systemd.syntax(7))."""
    section, pairs = "", []
    lines = (line for line in re.sub(r"\\\n(?:[ \t]*[#;].*\n)*", " ", text).splitlines())
    for line in map(str.strip, lines):
        if line.startswith("["):
            section = line
        if section != "[Service]" or line[:1] in ("#", ";", "[", "") or "=" not in line:
            continue
        key, _, value = (part.strip() for part in line.partition("="))
        if not NOT_COPIED.match(key):
            pairs.append((key, _named(value, unit)))
    return tuple(pairs)


def _named(value: str, unit: str) -> str:
    """A value with the specifiers of the unit's own name filled in: the copy has another name (systemd.unit(5))."""
    name = unit.rpartition(".")[0]
    prefix, _, instance = name.partition("@")
    known = {"n": unit, "N": name, "p": prefix, "i": instance}
    return re.sub(r"%(.)", lambda match: known.get(match[1], match[0]), value)


def optional(key: str, value: str) -> str:
    """A line's value. A directory to bind may be missing where the service itself is not running."""
    if key not in BINDS:
        return value
    return " ".join(word if word.startswith("-") else f"-{word}" for word in value.split())


@contextmanager
def probe(run: str, label: str, lines: Sequence[tuple[str, str]]) -> Iterator[Agent]:
    """An agent in a unit of its own, gone afterwards. Raises LabError with systemd's and the journal's last words."""
    name = f"{OWN}{run}-{label}"
    directory, unit, file = f"/run/{name}", f"{name}.service", FILES / f"{name}.service"
    library = f"{directory}/lib"
    interpreter = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    own = (
        # not notify: the command itself has no notification socket in a confined service
        ("Type", "exec"),
        ("ExecStart", f"{interpreter} -m nsguard_harness.inside.agent {directory}/socket"),
        ("Environment", f"PYTHONPATH={library} PYTHONDONTWRITEBYTECODE=1"),
        ("TimeoutStartSec", START_SECONDS),
        ("TimeoutStopSec", STOP_SECONDS),
        ("RuntimeMaxSec", MOST_SECONDS),
        ("RuntimeDirectory", name),
        ("BindPaths", directory),
        ("BindReadOnlyPaths", f"{PACKAGE}:{library}/{PACKAGE.name}"),
    )
    text = "".join(f"{key}={optional(key, value)}\n" for key, value in lines)
    text += "".join(f"{key}={value}\n" for key, value in own)
    try:
        FILES.mkdir(exist_ok=True)
        file.write_text(f"[Unit]\nDescription=nsguard-leaktest\n[Service]\n{text}")
        done = subprocess.run(["systemctl", "start", unit], capture_output=True, text=True)
        if done.returncode:
            raise LabError(f"live: the probe {unit} did not start: {_last_words(unit) or done.stderr.strip()}")
        agent = Agent(Host(), f"{directory}/socket")
        agent.wait()
        yield agent
    finally:
        # systemd may handle the start of an interrupted systemctl after these stops, and then finds no file to start
        file.unlink(missing_ok=True)
        for _ in range(2):
            subprocess.run(["systemctl", "stop", unit], capture_output=True)
        subprocess.run(["systemctl", "reset-failed", unit], capture_output=True)


def _last_words(unit: str) -> str:
    command = ["journalctl", "--no-pager", "-b", "-o", "cat", "-n", "4", "-u", unit]
    return " | ".join(subprocess.run(command, capture_output=True, text=True).stdout.strip().splitlines())


@contextmanager
def confined(run: str, service: Service) -> Iterator[Agent]:
    """A probe with a service's confinement. Raises LabError where systemd's properties of the two differ."""
    label = f"as-{service.identity}"
    with probe(run, label, service.lines) as agent:
        if other := differing(service.unit, f"{OWN}{run}-{label}.service", service.lines):
            raise LabError(f"live: the probe is not confined as {service.unit} is; they differ in {', '.join(other)}")
        yield agent


def differing(first: str, second: str, lines: Sequence[tuple[str, str]]) -> list[str]:
    """The names of the properties, among those of `lines`, whose values differ between two units."""
    names = sorted({key for key, _ in lines} - NOT_COMPARED)
    left, right = show(first, *names), show(second, *names)
    return [name for name in names if left.get(name) != right.get(name)]


def strays(service: Service, namespace: int) -> tuple[int, list[int]]:
    """How many processes a service has, and which of them are not in its namespace. namespace: its inode number."""
    group = show(service.unit, "ControlGroup").get("ControlGroup", "")
    if not service.active or not group:
        return 0, []
    inodes = {pid: inode for pid in _processes(group) if (inode := _network(pid))}
    return len(inodes), [pid for pid, inode in inodes.items() if inode != namespace]


def _processes(group: str) -> Iterator[int]:
    """The processes of a control group and those below it, in either version of cgroups (proc_pid_cgroup(5))."""
    for file in Path("/proc").glob("[0-9]*/cgroup"):
        with suppress(OSError):
            paths = [line.split(":", 2)[2] for line in file.read_text().splitlines()]
            if any(path == group or path.startswith(f"{group}/") for path in paths):
                yield int(file.parent.name)


def _network(pid: int) -> int:
    """The inode of a process's network namespace; 0 when the process is gone."""
    with suppress(OSError):
        return os.stat(f"/proc/{pid}/ns/net").st_ino
    return 0
