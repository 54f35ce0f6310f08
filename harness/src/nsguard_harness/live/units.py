"""Confined services of this host, and probes that are confined as they are.

A probe is a unit with the service's own [Service] lines, in their order, as `systemctl cat` shows them: all but what
says what is run, when, and where it keeps its files. That systemd then holds the same of both is compared. Its file
lies in /run, and is gone with it; systemd-run(1) would do, if it took every property that a file may have.
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
# what a probe does otherwise than the service, or must not do a second time; the rest confines
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
# what `systemctl show` gives with process numbers and times in it
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
    lines = systemctl("show", *(f"--property={one}" for one in properties), "--", unit).splitlines()
    return dict(line.partition("=")[::2] for line in lines)


def services(namespace: str, named: Sequence[str] = ()) -> list[Service]:
    """Those that systemd would start in the namespace, running ones first, or those named. Raises HarnessError."""
    wanted = f"/run/netns/{namespace}"
    found = []
    for unit in named or _loaded(wanted):
        said = show(
            unit, "Id", "LoadState", "NetworkNamespacePath", "User", "DynamicUser", "ActiveState", "RuntimeDirectory"
        )
        if said.get("LoadState") != "loaded":
            raise HarnessError(f"live: --unit {unit}: there is no such unit")
        if said.get("NetworkNamespacePath") != wanted:
            raise HarnessError(f"live: --unit {unit}: it is not confined to namespace {namespace}")
        found.append(
            Service(
                said["Id"],
                said.get("User") or ("nobody" if said.get("DynamicUser") == "yes" else ""),
                said.get("ActiveState") == "active",
                tuple(f"/run/{one}" for one in said.get("RuntimeDirectory", "").split()),
                confining(systemctl("cat", "--", said["Id"]), said["Id"]),
            )
        )
    if not found:
        raise HarnessError(
            f"live: no service is confined to namespace {namespace}, so there is no confinement to try; "
            "start one, or name one by --unit"
        )
    return sorted(found, key=lambda one: not one.active)


def _loaded(wanted: str) -> Iterator[str]:
    said = systemctl("show", "--property=Id", "--property=NetworkNamespacePath", "*.service")
    for record in said.split("\n\n"):
        values = dict(line.partition("=")[::2] for line in record.splitlines())
        # what nsguard runs in it for itself is not what people confine; apps can be named
        if values.get("NetworkNamespacePath") == wanted and not values["Id"].startswith("nsguard-"):
            yield values["Id"]


def confining(text: str, unit: str) -> tuple[tuple[str, str], ...]:
    """The lines of unit files' [Service] sections that confine, in their order (systemd.syntax(7))."""
    section, found = "", []
    lines = (line for line in re.sub(r"\\\n(?:[ \t]*[#;].*\n)*", " ", text).splitlines())
    for line in map(str.strip, lines):
        if line.startswith("["):
            section = line
        if section != "[Service]" or line[:1] in ("#", ";", "[", "") or "=" not in line:
            continue
        key, _, value = (part.strip() for part in line.partition("="))
        if not NOT_COPIED.match(key):
            found.append((key, _named(value, unit)))
    return tuple(found)


def _named(value: str, unit: str) -> str:
    """Specifiers for the unit's own name, which a copy would have another for (systemd.unit(5))."""
    name = unit.rpartition(".")[0]
    prefix, _, instance = name.partition("@")
    known = {"n": unit, "N": name, "p": prefix, "i": instance}
    return re.sub(r"%(.)", lambda found: known.get(found[1], found[0]), value)


def optional(key: str, value: str) -> str:
    """A line's value. A directory to bind may be missing where the service itself is not running."""
    if key not in BINDS:
        return value
    return " ".join(word if word.startswith("-") else f"-{word}" for word in value.split())


@contextmanager
def probe(run: str, label: str, lines: Sequence[tuple[str, str]]) -> Iterator[Agent]:
    """An agent in a unit of its own, gone afterwards. Raises LabError with systemd's and the journal's last words."""
    name = f"{OWN}{run}-{label}"
    place, unit, file = f"/run/{name}", f"{name}.service", FILES / f"{name}.service"
    library = f"{place}/lib"
    interpreter = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    own = (
        # not notify: a confined service has no socket to tell systemd by but what stands before its own command
        ("Type", "exec"),
        ("ExecStart", f"{interpreter} -m nsguard_harness.inside.agent {place}/socket"),
        ("Environment", f"PYTHONPATH={library} PYTHONDONTWRITEBYTECODE=1"),
        ("TimeoutStartSec", START_SECONDS),
        ("TimeoutStopSec", STOP_SECONDS),
        ("RuntimeMaxSec", MOST_SECONDS),
        ("RuntimeDirectory", name),
        ("BindPaths", place),
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
        agent = Agent(Host(), f"{place}/socket")
        agent.wait()
        yield agent
    finally:
        # twice: where the start was interrupted with its systemctl, systemd may read what that had asked for after this
        for _ in range(2):
            subprocess.run(["systemctl", "stop", unit], capture_output=True)
        subprocess.run(["systemctl", "reset-failed", unit], capture_output=True)
        file.unlink(missing_ok=True)


def _last_words(unit: str) -> str:
    command = ["journalctl", "--no-pager", "-b", "-o", "cat", "-n", "4", "-u", unit]
    return " | ".join(subprocess.run(command, capture_output=True, text=True).stdout.strip().splitlines())


@contextmanager
def confined(run: str, service: Service) -> Iterator[Agent]:
    """A probe with a service's confinement. Raises LabError where systemd does not hold the same of both."""
    label = f"as-{service.identity}"
    with probe(run, label, service.lines) as agent:
        if other := differing(service.unit, f"{OWN}{run}-{label}.service", service.lines):
            raise LabError(f"live: the probe is not confined as {service.unit} is; they differ in {', '.join(other)}")
        yield agent


def differing(one: str, other: str, lines: Sequence[tuple[str, str]]) -> list[str]:
    """The properties that systemd holds differently of two units."""
    names = sorted({key for key, _ in lines} - NOT_COMPARED)
    left, right = show(one, *names), show(other, *names)
    return [name for name in names if left.get(name) != right.get(name)]


def strays(service: Service, namespace: int) -> tuple[int, list[int]]:
    """How many processes a service has, and those that are not in its namespace, whose inode is given."""
    group = show(service.unit, "ControlGroup").get("ControlGroup", "")
    if not service.active or not group:
        return 0, []
    inodes = {pid: inode for pid in _processes(group) if (inode := _network(pid))}
    return len(inodes), [pid for pid, inode in inodes.items() if inode != namespace]


def _processes(group: str) -> Iterator[int]:
    """Of a control group and those below it, whatever the hierarchy's version (proc_pid_cgroup(5))."""
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
