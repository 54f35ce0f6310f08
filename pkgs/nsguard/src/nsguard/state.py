"""The record of what is up in a namespace, in /run/nsguard/NAME, and the lock on it.

inside/       identity, resolv.conf and forwarded (the port that is open); confined services see it as /run/nsguard
confext/      files that confined services see in /etc; confext-accounts/ for those whose user is made at start
terminals/    pts: terminals (devpts) of confined services and commands, which see them as /dev/pts
namespace     the namespace, mounted a second time while it is up (net/namespace.py, `hold`)
root/         the root directory of wireguard-go; its unit mounts there what the program needs
making        exists while nsguard makes the namespace: it marks an unfinished namespace as nsguard's own
error.json    the last command that failed, and its message; removed when that command succeeds
tunnel.json   the tunnel: written before its first part is made, removed after its last part is gone
forwarding.json  the result of the request for a port, while `nsguard forward run` is running
host-link.json  the host link: written before its first part is made, removed after its last part is gone
names.json    endpoints that are host names (endpoints/named.py), while the tunnel is up or waits to be made again
sought        exists once host names have been looked up
"""

from __future__ import annotations

import os
import time

from nsguard import paths
from nsguard.errors import NsguardError
from nsguard.spec.model import WIREGUARD, HostLink
from nsguard.system import files, process
from nsguard.system.contexts import contextmanager, suppress
from nsguard.system.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# Seconds to wait for another nsguard process that holds the lock; longer than a whole `tunnel up` takes.
LOCK_TIMEOUT = 300.0
# Seconds to wait for the lock in order to store something that is useful but not necessary.
NOTE_TIMEOUT = 1.0
CLOSED_RESOLV_CONF = "# nsguard: no tunnel, no resolver\n"


class Tunnel(NamedTuple):
    """The record of the tunnel that is up, as stored in tunnel.json.

    `device`: the name of the tunnel for wg(8); `unit`: the unit of wireguard-go, empty for a tunnel of the kernel.

    `endpoints`: those to which the tunnel may send; `fixed`: those of them that were configured as addresses.

    `marks`: the marks of its encrypted packets; two while the mark changes.
    """

    complete: bool = False
    name: str = ""
    kind: str = WIREGUARD
    outer: str | None = None
    interface: str = ""
    implementation: str = ""
    device: str = ""
    unit: str = ""
    addresses: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    enforce_dns: bool = False
    endpoints: tuple[tuple[str, int], ...] = ()
    fixed: tuple[tuple[str, int], ...] = ()
    marks: tuple[int, ...] = ()


class Forwarded(NamedTuple):
    """A forwarded port: the open port inside, and the public port, with the public address if it is known."""

    port: int
    public_port: int
    public_address: str | None
    protocols: tuple[str, ...]


class ForwardingState(NamedTuple):
    """The result of the request for a forwarded port.

    state: "asking", "open", "refused", "silent", or "lost" if the port closed because nsguard's process failed; since:
    when this state began, in seconds since the epoch; gateway: the gateway's address, empty if none is known; answer:
    the gateway's answer, or why there is none, or why the port is lost.
    """

    state: str
    since: int
    gateway: str
    answer: str


class State:
    """The state directory of one namespace."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.directory = f"{paths.RUN}/{name}"
        self.inside = f"{self.directory}/inside"
        self.confext = f"{self.directory}/confext"
        self.accounts_confext = f"{self.directory}/confext-accounts"
        self.terminals = paths.terminals(name)
        self.held = f"{self.directory}/namespace"
        self.root = f"{self.directory}/root"
        self.making = f"{self.directory}/making"
        self.names = f"{self.directory}/names.json"
        self.clients = f"{self.directory}/clients"
        self.sought = f"{self.directory}/sought"
        self._tunnel = f"{self.directory}/tunnel.json"
        self._error = f"{self.directory}/error.json"
        self._forwarding = f"{self.directory}/forwarding.json"
        self._host_link = f"{self.directory}/host-link.json"
        self._identity = f"{self.inside}/identity"

    def identity(self) -> int | None:
        """The inode of the namespace that `netns up` made; None if it made none, or did not finish."""
        try:
            with open(self._identity, encoding="ascii") as file:
                words = file.read().split()
            return int(words[words.index("namespace") + 1])
        except (FileNotFoundError, ValueError, IndexError):
            return None

    def write_identity(self, namespace: int, host: int) -> None:
        """Record the inodes of the namespace and of the host's network namespace, for `identity` and `nsguard-init`."""
        files.write(self._identity, f"namespace {namespace}\nhost {host}\n")

    def forget_identity(self) -> None:
        """Remove the record of the inodes: no namespace counts as made by `netns up` any more."""
        files.remove(self._identity)

    def tunnel(self) -> Tunnel | None:
        """The tunnel, or None. A record of another version counts as incomplete, so that the tunnel is made again."""
        data = _read(self._tunnel)
        if data is None:
            return None
        known = {key: value for key, value in data.items() if key in Tunnel._fields}
        return Tunnel(**known | ({} if len(known) == len(Tunnel._fields) == len(data) else {"complete": False}))

    def write_tunnel(self, tunnel: Tunnel | None) -> None:
        """Record the tunnel; None removes the record."""
        _write(self._tunnel, tunnel)

    def has_sibling(self, outer: str | None = None) -> bool:
        """Whether another namespace has a tunnel; with `outer`, one that goes through the tunnel of that namespace."""
        others = (State(name) for name in os.listdir(paths.RUN) if name != self.name)
        if outer is None:
            return any(os.path.exists(other._tunnel) for other in others)
        return any(tunnel.outer == outer for other in others if (tunnel := other.tunnel()))

    def host_link(self) -> HostLink | None:
        """The host link, or None. It has no published ports, because they are not recorded."""
        data = _read(self._host_link)
        if data is None:
            return None
        known = {key: value for key, value in data.items() if key in HostLink._fields}
        return HostLink(**known | {"published": ()})

    def write_host_link(self, link: HostLink | None) -> None:
        """Record the host link; None removes the record."""
        _write(self._host_link, link and link._replace(published=()))

    def error(self) -> dict[str, Any] | None:
        """The last failure: `at` in seconds since the epoch, `command`, `what`."""
        return _read(self._error)

    def note_error(self, command: str, what: str) -> None:
        """Record that `command` failed now, and why."""
        files.write_json(self._error, {"at": int(time.time()), "command": command, "what": what})

    def forget_error(self, command: str) -> None:
        """Remove the record of a failure if `command`, which has succeeded now, caused it."""
        error = self.error()
        if error and error["command"] == command:
            files.remove(self._error)

    def write_resolv_conf(self, text: str) -> None:
        """Replace the resolv.conf of confined services."""
        files.write(f"{self.inside}/resolv.conf", text)

    def forwarded(self) -> Forwarded | None:
        """The forwarded port, or None."""
        try:
            with open(f"{self.inside}/forwarded", encoding="ascii") as file:
                values = dict(line.rstrip("\n").partition("=")[::2] for line in file)
        except FileNotFoundError:
            return None
        return Forwarded(
            int(values["NSGUARD_PORT"]),
            int(values["NSGUARD_PUBLIC_PORT"]),
            values["NSGUARD_PUBLIC_ADDRESS"] or None,
            tuple(values["NSGUARD_PROTOCOLS"].split(",")),
        )

    def write_forwarded(self, now: Forwarded | None) -> None:
        """Store the port in the form of systemd's EnvironmentFile=, which shells read, too; None removes the file."""
        if now is None:
            files.remove(f"{self.inside}/forwarded")
            return
        text = (
            f"NSGUARD_PORT={now.port}\nNSGUARD_PUBLIC_PORT={now.public_port}\n"
            f"NSGUARD_PUBLIC_ADDRESS={now.public_address or ''}\nNSGUARD_PROTOCOLS={','.join(now.protocols)}\n"
        )
        files.write(f"{self.inside}/forwarded", text)

    def forwarding(self) -> ForwardingState | None:
        """The result of the request for a port; None while nothing requests one."""
        data = _read(self._forwarding)
        return ForwardingState(**data) if data is not None and data.keys() == set(ForwardingState._fields) else None

    def write_forwarding(self, now: ForwardingState | None) -> None:
        """Record the result of the request for a port; None removes the record."""
        if now is None or os.path.isdir(self.directory):  # the namespace may be gone while its keeper still runs
            _write(self._forwarding, now)

    def empty(self) -> None:
        """Remove everything in the directory. The directory itself is the lock; `locked` removes it."""
        for name in os.listdir(self.directory):
            files.remove(f"{self.directory}/{name}")


def _read(path: str) -> dict[str, Any] | None:
    """A JSON object, with tuples instead of lists; None if there is no such file."""
    data = files.read_json(path)
    return None if data is None else {key: _tuples(value) for key, value in data.items()}


def _write(path: str, record: Tunnel | HostLink | ForwardingState | None) -> None:
    """Store a record so that `_read` returns it; None removes the file."""
    if record is None:
        files.remove(path)
    else:
        files.write_json(path, record._asdict())


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


@contextmanager
def locked(name: str, *, create: bool = False, timeout: float = LOCK_TIMEOUT) -> Iterator[State | None]:
    """The state of namespace `name`, locked within the body; None if there is none and `create` is not set.

    The lock is flock(2) on the directory itself, which is removed at the end if it is empty. Raises `NsguardError`
    if another process holds it for `timeout` seconds, `Stopped` if a signal has come.
    """
    state = State(name)
    descriptor = _lock(state.directory, create=create, timeout=timeout)
    if descriptor is None:
        yield None
        return
    try:
        with process.holding(descriptor):
            yield state
    finally:
        for directory in (state.directory, paths.RUN):
            with suppress(OSError):
                os.rmdir(directory)
        os.close(descriptor)


@contextmanager
def noted(name: str, command: str) -> Iterator[None]:
    """Record a failure of the body in the namespace's state, if that exists; remove the record if the body succeeds."""
    try:
        yield
    except NsguardError as error:
        with suppress(NsguardError), locked(name, timeout=NOTE_TIMEOUT) as current:
            if current is not None:
                current.note_error(command, str(error))
        raise
    with locked(name) as current:
        if current is not None:
            current.forget_error(command)


def _lock(directory: str, *, create: bool, timeout: float) -> int | None:
    attempts = files.attempts(directory, timeout)
    while True:
        next(attempts)
        with suppress(FileNotFoundError):  # RUN was removed meanwhile, with the last namespace
            if create:
                files.make_own(paths.RUN)
                files.make_own(directory)
        try:
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            if not create:
                return None
            continue
        # Its holder may have removed the directory; then this lock protects nothing.
        if files.lock(descriptor) and _is_at(descriptor, directory):
            return descriptor
        os.close(descriptor)


def _is_at(descriptor: int, path: str) -> bool:
    try:
        return os.stat(path).st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False
