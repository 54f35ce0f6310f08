"""A machine of a lab, with the names and meanings of the NixOS test driver."""

from __future__ import annotations

import io
import shlex
import socket
import tarfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .errors import CommandError, LabError
from .verdict.rules import Rule

# How many times longer a wait may last than its timeout, which is meant for a machine that has nothing else to do.
# A wait ends with what it waits for, so that only a failure takes longer.
BUSY = 5.0
# Seconds between two looks of a wait. Each look costs processor time, which what is waited for may need.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 0.25


def looks() -> Iterator[None]:
    """The looks of a wait: the first at once, each other after an eighth of the time that the wait has taken so far.

    No less time passes between two looks than a look takes: some take a tenth of a second of the processor's.
    """
    start = time.monotonic()
    while True:
        begun = time.monotonic()
        yield
        now = time.monotonic()
        time.sleep(min(max(SHORTEST_PAUSE, now - begun, (now - start) / 8), LONGEST_PAUSE))


@dataclass(frozen=True)
class Uplink:
    """An interface of a machine that leads out of it; wire: the name of its port on the switch."""

    interface: str
    mac: str
    ip4: str
    ip6: str
    wire: str


class AgentHost(Protocol):
    """A host that agents run on: a machine of a lab, or this host itself."""

    @property
    def name(self) -> str: ...

    def ask(self, path: str, line: bytes, timeout: float) -> bytes:
        """As Machine.ask."""


class FileHost(Protocol):
    """A host whose files have a path here: a container, or this host itself."""

    def path(self, inside: str) -> Path:
        """The path, on this host, of a file whose path there is `inside`."""


@dataclass(frozen=True)
class Completed:
    """A command that ended: exit status and both its streams."""

    status: int
    output: str
    errors: str


def ask(path: Path, line: bytes, timeout: float) -> bytes:
    """Send a line to a stream socket of this host, and return the line that comes back. Raises LabError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, connection.makefile("rwb") as stream:
        connection.settimeout(timeout)
        try:
            connection.connect(str(path))
            stream.write(line + b"\n")
            stream.flush()
            answer = stream.readline()
        except OSError as error:
            raise LabError(f"no answer: {error.strerror or error}") from error
    if not answer.endswith(b"\n"):
        raise LabError("no answer: the other end hung up")
    return answer


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    member.uid = member.gid = 0
    return None if member.name.endswith("/__pycache__") else member


class Machine(ABC):
    """Commands are run as root by `bash -euo pipefail -c`; times are in seconds."""

    name: str
    uplinks: tuple[Uplink, ...]
    # what its scenario allows outside the tunnel
    exceptions: tuple[Rule, ...] = ()
    # whether it has a kernel to itself, so that a change of kernel settings concerns no other machine
    own_kernel: bool = False

    @abstractmethod
    def run(self, command: str, timeout: float | None = None, stdin: bytes = b"") -> Completed:
        """Run a command to its end; status 124 when the time is over. Raises LabError when the machine is not up."""

    @abstractmethod
    def spawn(self, command: str) -> None:
        """Start a command and leave it running, its output thrown away."""

    @abstractmethod
    def start(self) -> None:
        """Boot until the default target is reached. Raises LabError with the console's last lines."""

    @abstractmethod
    def shutdown(self) -> None:
        """Power off in order, and wait for the end. The disk stays."""

    @abstractmethod
    def crash(self) -> None:
        """Stop at once, as in a power failure. The disk stays."""

    @abstractmethod
    def is_up(self) -> bool:
        """Whether it is booted."""

    @abstractmethod
    def wait_for_shutdown(self, timeout: float = 60) -> None:
        """Wait until it has powered off by itself."""

    @abstractmethod
    def read(self, path: str) -> bytes:
        """The content of a file in the machine. Raises LabError."""

    @abstractmethod
    def ask(self, path: str, line: bytes, timeout: float) -> bytes:
        """Send a line to a stream socket in the machine, and return the line that comes back.

        Raises LabError where nobody listens there or no whole line comes.
        """

    def copy_from_host(self, source: str | Path, target: str) -> None:
        """Copy a file or a directory into the machine, as root's, making the directories on the way."""
        self._unpack(lambda archive: archive.add(source, target.lstrip("/"), filter=_as_root))

    def write_files(self, files: Mapping[str, str], mode: int = 0o644) -> None:
        """Write texts to paths in the machine, making the directories on the way."""

        def add(archive: tarfile.TarFile) -> None:
            for name, text in files.items():
                content = text.encode()
                member = tarfile.TarInfo(name.lstrip("/"))
                member.size, member.mode, member.mtime = len(content), mode, int(time.time())
                archive.addfile(member, io.BytesIO(content))

        self._unpack(add)

    def _unpack(self, add: Callable[[tarfile.TarFile], None]) -> None:
        # unpacked by the machine itself: from outside, its absolute links would lead to files of the host
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            add(archive)
        done = self.run("tar -x -C / --no-same-owner --keep-directory-symlink --unlink-first", None, packed.getvalue())
        if done.status:
            raise LabError(f"{self.name}: files could not be copied: {done.errors.strip()[-300:]}")

    def reboot(self) -> None:
        """Shut down and start again."""
        self.shutdown()
        self.start()

    def execute(
        self, command: str, check_return: bool = True, check_output: bool = True, timeout: float | None = 900
    ) -> tuple[int, str]:
        """Run a command; returns exit status and standard output.

        Without check_output the command is left running: (-2, ""). Without check_return the status is ignored:
        (-1, output).
        """
        if not check_output:
            self.spawn(command)
            return -2, ""
        done = self.run(command, timeout)
        return done.status if check_return else -1, done.output

    def succeed(self, *commands: str, timeout: float | None = None) -> str:
        """Standard output of commands that must all exit with 0; raises CommandError."""
        return "".join(self._expect(command, timeout, lambda status: status == 0) for command in commands)

    def fail(self, *commands: str, timeout: float | None = None) -> str:
        """Standard output of commands that must all exit with another status than 0; raises CommandError."""
        return "".join(self._expect(command, timeout, lambda status: status != 0) for command in commands)

    def _expect(self, command: str, timeout: float | None, good: Callable[[int], bool]) -> str:
        done = self.run(command, timeout)
        if not good(done.status):
            reason = " | ".join((done.errors or done.output).strip().splitlines()[-5:])
            raise CommandError(f"{self.name}: `{command}` ended with {done.status}: {reason}", done.status, done.output)
        return done.output

    # Each of the waits may last `BUSY` times its timeout.
    def wait_until_succeeds(self, command: str, timeout: float = 60) -> str:
        """Repeat a command until it exits with 0; raises CommandError at the deadline."""
        return self._wait(command, timeout, lambda status: status == 0)

    def wait_until_fails(self, command: str, timeout: float = 60) -> str:
        """Repeat a command until it exits with another status than 0; raises CommandError at the deadline."""
        return self._wait(command, timeout, lambda status: status != 0)

    def _wait(self, command: str, timeout: float, good: Callable[[int], bool]) -> str:
        limit = BUSY * timeout
        deadline = time.monotonic() + limit
        for _ in looks():
            if good((done := self.run(command, max(1.0, deadline - time.monotonic()))).status):
                break
            if time.monotonic() > deadline:
                reason = (done.errors or done.output).strip()[-300:]
                raise CommandError(
                    f"{self.name}: `{command}` still ended with {done.status} after {limit:g} s: {reason}",
                    done.status,
                    done.output,
                )
        return done.output

    def wait_for_unit(self, unit: str, timeout: float = 60) -> None:
        """Wait until a unit is active; raises CommandError at the deadline, or at once when it has failed."""
        deadline = time.monotonic() + BUSY * timeout
        for _ in looks():
            if (state := self.get_unit_property(unit, "ActiveState")) == "active":
                return
            if state == "failed" or time.monotonic() > deadline:
                log = self.execute(f"journalctl -b -o cat -n 5 -u {shlex.quote(unit)}")[1].strip().replace("\n", " | ")
                raise CommandError(f"{self.name}: {unit} is {state}, not active: {log}")

    def wait_for_file(self, filename: str, timeout: float = 60) -> None:
        """Wait until a file is there."""
        self.wait_until_succeeds(f"test -e {shlex.quote(filename)}", timeout)

    def systemctl(self, q: str) -> tuple[int, str]:
        """Run `systemctl` with a line of arguments."""
        return self.execute(f"systemctl {q}")

    def get_unit_property(self, unit: str, prop: str) -> str:
        """A property of a unit as `systemctl show` prints it."""
        return self.succeed(f"systemctl show --value -p {shlex.quote(prop)} -- {shlex.quote(unit)}").strip()

    def require_up(self) -> None:
        """Raise LabError when the machine is not up."""
        if not self.is_up():
            raise LabError(f"{self.name}: is not up; start it first")


class Bootable(Machine):
    """A machine that boots beside others."""

    @abstractmethod
    def power_on(self) -> None:
        """Begin to boot, without waiting. Raises LabError."""

    @abstractmethod
    def wait_until_up(self) -> None:
        """Wait until the default target is reached. Raises LabError with the console's last lines."""
