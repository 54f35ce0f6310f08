"""One run on this host: every cell confined, then its control, each under a capture of all uplinks."""

from __future__ import annotations

import secrets
import socket
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from ..addresses import Pair
from ..attack import Lacking, Outcome
from ..attacks import _tools
from ..attacks.sight import GRANTED
from ..errors import HarnessError
from ..lab.lifetime import terminable
from ..run.cells import Cell, Subject, cells_for
from ..run.states import UP, Up
from ..run.suite import TAIL_SECONDS, Report, Result, Run, Span, Verdict, decide
from ..verdict.tokens import Tokens
from . import host, units
from .catalogue import CATALOGUE, NAMES, SAME, Control
from .judgement import Scene, judge_host
from .listen import Listener, Uplinks, send
from .targets import Targets
from .units import Service

WORKERS = 4  # at once: a few packets a second, and a host that goes on with its work
READ_SECONDS = 30.0  # for attacks that only read: a user's host has much to read
UNENDED = "no end in"  # how an agent's report begins when it had to kill an attack
PROCESSES = "processes-inside"


class NotCarried(Up):
    """The tunnel is up and has no route for an attack's packets, so that none of them need to come through."""

    carries = False


@dataclass(frozen=True)
class Live:
    """The namespace under test and its host. links: the uplinks; address: the first of each family on any uplink,
    empty where there is none.
    """

    namespace: str
    services: Sequence[Service]
    tunnel: host.Tunnel
    links: Sequence[host.Link]
    address: Pair
    identity: str = field(default_factory=lambda: secrets.token_hex(4))

    @classmethod
    def of(cls, namespace: str, named: Sequence[str] = ()) -> Live:
        """Look at this host. Raises HarnessError, in one line, where it lacks what a run needs."""
        host.check(namespace)
        tunnel = host.tunnel(namespace)
        links = host.uplinks(host.links())
        addresses = [address.split("/")[0] for link in links for address in link.addresses]
        by_family = {ip_address(address).version: address for address in reversed(addresses)}
        own = Pair(by_family.get(4, ""), by_family.get(6, ""))
        return cls(namespace, chosen(units.services(namespace, named), strict=bool(named)), tunnel, links, own)

    def run(
        self,
        names: str | Sequence[str],
        progress: Callable[[str, str], None],
        pcap: Path | None = None,
        tail: float = TAIL_SECONDS,
    ) -> Report:
        """Run attacks, then their controls; nothing that was started is left. Raises HarnessError.

        names: the attacks' glob, or several of which one must match;
        progress: called with attack and phase as each cell ends; pcap: a directory for the captures, which are deleted
        without one; tail: seconds to go on capturing after the last attack.
        """
        with terminable(), ExitStack() as stack:
            directory = pcap or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nsguard-leaktest-")))
            subjects = [self._subject(service, stack) for service in self.services]
            door = stack.enter_context(_door(f"/run/{units.OWN}{self.identity}"))
            return _Trial(self, subjects, names, progress, directory, tail, door).report()

    def _subject(self, service: Service, stack: ExitStack) -> Subject:
        inside = stack.enter_context(units.confined(self.identity, service))
        user = [("User", service.user)] if service.identity == "user" else []
        outside = stack.enter_context(units.probe(self.identity, f"free-{service.identity}", user))
        return Subject(service.identity, inside, outside)


def chosen(services: Sequence[Service], *, strict: bool) -> list[Service]:
    """One service as root and one as another user, the first of each. strict: raise HarnessError for any more."""
    first: dict[str, Service] = {}
    for service in services:
        if strict and service.identity in first:
            raise HarnessError(
                f"live: --unit {service.unit}: it runs as {service.identity}, as {first[service.identity].unit} does; "
                "try one after the other"
            )
        first.setdefault(service.identity, service)
    return list(first.values())


def cells_of(live: Live, subjects: Sequence[Subject], names: str | Sequence[str]) -> list[Cell]:
    """The cells of the catalogue's attacks; those that cannot apply on this host have the reason in `cannot`."""
    return [_fitted(live, cell) for cell in cells_for(names, subjects) if cell.attack.name in CATALOGUE]


def _fitted(live: Live, cell: Cell) -> Cell:
    if cell.family and not live.address.of(cell.family):
        return replace(cell, cannot=f"this host has no IPv{cell.family} address on an uplink")
    if cell.family and cell.attack.name in NAMES and not _asks(live.tunnel, cell.family):
        return replace(
            cell,
            cannot=f"the tunnel has no IPv{cell.family} resolver, and nsguard lets a question go to no other: there is "
            "nothing that could get through",
        )
    if not cell.attack.tunnelled:
        return cell
    receivers = live.tunnel.resolvers if cell.attack.name in NAMES else (_example(cell.family or 4),)
    return cell if any(map(live.tunnel.reaches, receivers)) else replace(cell, state=NotCarried())


def _asks(tunnel: host.Tunnel, family: int) -> bool:
    """Whether a question over a family can leave: the tunnel has such a resolver, or does not enforce its own."""
    return not tunnel.enforced or any(ip_address(resolver).version == family for resolver in tunnel.resolvers)


def _example(family: int) -> str:
    return {4: "192.0.2.1", 6: "2001:db8::1"}[family]


class _Trial:
    """Both phases of one run, and what they have in common."""

    def __init__(
        self,
        live: Live,
        subjects: Sequence[Subject],
        names: str | Sequence[str],
        progress: Callable[[str, str], None],
        directory: Path,
        tail: float,
        door: str,
    ) -> None:
        """door: a directory with a socket in it, outside of every confinement."""
        self._door = door
        self._live, self._progress, self._directory, self._tail = live, progress, directory, tail
        self._targets = Targets(
            [
                *host.known_prefixes(),
                *(str(address) for address, _ in live.tunnel.endpoints),
                *map(str, live.tunnel.addresses),
            ]
        )
        self._cells = cells_of(live, subjects, names)
        self._given = {cell.token: self._targets.take() for cell in self._cells if not cell.cannot}
        self._tokens = Tokens({cell.token: cell.attack.name for cell in self._cells})
        local = {ip_address(prefix.split("/")[0]) for link in host.links() for prefix in link.addresses}
        self._scene = Scene(
            {ip_address(address): token for token, pair in self._given.items() for address in pair},
            frozenset(local),
            live.tunnel.addresses - local,
            live.tunnel.listen_port,
            live.tunnel.endpoints,
        )
        self._own = [GRANTED.rstrip("/"), *(path for service in live.services for path in service.directories)]

    def report(self) -> Report:
        """Run both phases; returns the verdict of each cell, and of the services' own processes."""
        confined = self._phase("confined", self._attempt)
        control = self._phase("control", self._control)
        results = [decide(cell, confined, control) for cell in self._cells]
        return Report((*results, *map(self._processes, self._live.services)), confined, control)

    def _phase(self, name: str, attempt: Callable[[Cell], Outcome]) -> Run:
        begun, start = time.time(), time.monotonic()
        directory = self._directory / name
        directory.mkdir(parents=True, exist_ok=True)
        outcomes: dict[str, Outcome] = {}
        failures: dict[str, str] = {}
        marks = [self._targets.take() for _ in range(2 * len(self._live.links))]
        namespace = Path("/run/netns", self._live.namespace)
        with Uplinks(self._live.links, directory, marks) as uplinks, _inside(directory, namespace) as inside:
            cells = [cell for cell in self._cells if not cell.cannot]
            with _pool() as pool:
                running = {pool.submit(attempt, cell): cell for cell in cells}
                for future, cell in _ended(running, uplinks):
                    try:
                        outcomes[cell.token] = future.result()
                    except HarnessError as error:
                        failures[cell.token] = str(error)
                    self._progress(cell.attack.name, name)
            time.sleep(self._tail)  # a window of observation, not a wait for something
        # without a packet of the tunnel's own link, an attack's arrival there is not seen
        dropped = uplinks.dropped + inside.dropped
        judgement, frames = judge_host(uplinks.frames, self._scene, self._tokens, dropped)
        seconds = time.monotonic() - start
        spans = [Span(begun, time.time())]
        return Run(outcomes, failures, judgement, frames, self._arrived(inside), seconds, spans)

    def _arrived(self, inside: Listener) -> frozenset[str]:
        """The tokens of the attacks whose packets went into the tunnel, known by the token or by their address."""
        judged, _ = judge_host(inside.frames, replace(self._scene, tunnel=frozenset(), port=0), self._tokens)
        return frozenset(leak.token for leak in judged.leaks if leak.token)

    def _parameters(self, cell: Cell, phase: str) -> dict[str, Any]:
        target = tuple(self._given[cell.token])
        own = (self._live.address.v4 or target[0], self._live.address.v6 or target[1])
        return {
            "uplink": self._live.links[0].name,
            "control": phase == "control",
            "own": self._own if phase == "confined" else [],
            "addresses": {"server": target, "web": target, "endpoint": target, "client": own},
        }

    def _attempt(self, cell: Cell) -> Outcome:
        parameters = self._parameters(cell, "confined")
        return _run_by_agent(cell, cell.subject.confined, parameters)

    def _control(self, cell: Cell) -> Outcome:
        entry, target = CATALOGUE[cell.attack.name], self._given[cell.token]
        family = cell.family or (4 if self._live.address.v4 else 6)
        if entry.control is Control.PATH:
            return _there(entry.path)
        if entry.control is Control.SAME:
            return self._same(cell)
        data, port = f"nsguard-leaktest {cell.token}\n".encode(), 7
        if entry.control is Control.QUESTION:
            data, port = _tools.question(f"{cell.token}.{_tools.DOMAIN}", family), 53
        try:
            send(family, (target.of(family), port), data)
        except OSError as error:
            return Outcome(False, f"could not be sent: {error.strerror}")
        return Outcome(True, "sent with hop limit 1")

    def _same(self, cell: Cell) -> Outcome:
        """Run an attack that only reads unconfined; a host where it finds nothing lacks what it needs."""
        # the control connects to no socket of the host but the one that was made for it
        outcome = _run_by_agent(cell, cell.subject.control, self._parameters(cell, "control") | {"roots": [self._door]})
        if outcome.reached:
            return outcome
        lacks = f"this host has nothing of the kind: {outcome.said}"
        return outcome._replace(lacks=lacks, lacking=Lacking.MACHINE)

    def _processes(self, service: Service) -> Result:
        """Whether a service's own processes are in the namespace; as control, process 1 must be in another."""
        inode = Path("/run/netns", self._live.namespace).stat().st_ino
        count, outside = units.strays(service, inode)
        verdict, evidence = Verdict.CONTAINED, f"all {count} of {service.unit} are in the namespace"
        if outside:
            verdict = Verdict.LEAKED
            evidence = f"{service.unit}: process {outside[0]} is not in the namespace, of {count}"
        elif not count:
            verdict, evidence = Verdict.CANNOT, f"{service.unit} is not running"
        elsewhere = Path("/proc/1/ns/net").stat().st_ino != inode
        if verdict is Verdict.CONTAINED and not elsewhere:
            verdict, evidence = Verdict.LEAKED, "the namespace is the host's own"
        control = "process 1 is in another" if elsewhere else ""
        return Result(PROCESSES, 0, service.identity, "", verdict, evidence, control=control, state=UP.name)


def _run_by_agent(cell: Cell, runs: Any, parameters: dict[str, Any]) -> Outcome:
    """Have an agent run an attack. Raises HarnessError when one that only reads did not end: that proves nothing."""
    reads_only = CATALOGUE[cell.attack.name] is SAME
    timeout = READ_SECONDS if reads_only else cell.attack.timeout
    outcome: Outcome = runs.run(cell.attack.name, cell.token, cell.family, parameters, timeout)
    if reads_only and outcome.said.startswith(UNENDED):
        raise HarnessError(f"{cell.attack.name}: {outcome.said}")
    return outcome


def _there(path: str) -> Outcome:
    try:
        is_socket = stat.S_ISSOCK(Path(path).stat().st_mode)
    except OSError as error:
        return Outcome(False, f"{path}: {error.strerror}", f"this host has no {path}")
    return Outcome(is_socket, f"{path} is there on the host", "" if is_socket else f"{path} is no socket here")


@contextmanager
def _door(directory: str) -> Iterator[str]:
    """A socket that anybody on this host may connect to, and that no confined service may see."""
    path = Path(directory, "socket")
    path.parent.mkdir(mode=0o755)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            path.chmod(0o666)
            listener.listen(16)
            yield directory
    finally:
        path.unlink(missing_ok=True)
        path.parent.rmdir()


@contextmanager
def _inside(directory: Path, namespace: Path) -> Iterator[Listener]:
    with Listener(host.INTERFACE, directory / "inside.pcap", namespace) as listener:
        yield listener


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """Threads that begin nothing more once the body has ended, however it did."""
    pool = ThreadPoolExecutor(WORKERS)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _ended(running: dict[Future[Outcome], Cell], uplinks: Uplinks) -> Iterator[tuple[Future[Outcome], Cell]]:
    """Each future and its cell, as it ends; the captures are checked meanwhile."""
    left = set(running)
    while left:
        done, left = wait(left, timeout=1)
        uplinks.check()
        for future in done:
            yield future, running[future]
