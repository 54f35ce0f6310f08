"""`nsguard forward run|close NAME`: get a forwarded port from the tunnel's gateway, and renew it.

For a port that a script opens (script.py), it only watches the listeners.

The process runs on the host. Its socket is created in the namespace and stays there. It parses answers of a few bytes
in a fixed form. A port that is not renewed closes by itself, because the kernel removes it from the rules after its
lifetime.
"""

import contextlib
import os
import secrets
import signal
import socket
import time
from collections.abc import Collection, Sequence
from types import FrameType

from nsguard.errors import BadInput, Stopped
from nsguard.forward import granted, portmap, watch
from nsguard.forward.portmap import Denied, Gateway, Mapping, Refused
from nsguard.forward.watch import Watch
from nsguard.net import namespace, nft
from nsguard.spec import spec
from nsguard.spec.spec import SCRIPT, Forwarding
from nsguard.state import Forwarded, ForwardingState, State
from nsguard.system import clock, process

# The part of the granted lifetime after which a port is renewed: 45 of 60 s, as in Proton's manual for NAT-PMP.
_RENEW = 0.75
# Seconds between attempts while no port is mapped, and the longest wait after a failed renewal.
_AGAIN = 5.0
# Seconds between two checks that a program listens on the port.
_LOOK = 5.0
# The internal port to request if only the public port matters; 0 would delete all mappings (RFC 6886 §3.4).
_ANY = 1


def run(name: str) -> None:
    """Map a port and renew it, or watch a script's port, until a signal stops the process. Raises `BadInput`."""
    namespace_spec = spec.load(name)
    forwarding = namespace_spec.forwarding
    if forwarding is None:
        raise BadInput(f"{name}: port forwarding is not configured; see nsguard.namespaces.{name}.portForwarding")
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    state = State(name)
    try:
        if forwarding.protocol == SCRIPT:
            _follow(state, Watch(name, forwarding))
        else:
            close_left_open(name)
            _keep_open(Keeper(state, forwarding, granted.named(namespace_spec)))
    except Stopped as stopped:
        process.say(f"nsguard: {name}: {stopped}")
    except BaseException as error:
        close(name, f"nsguard-forward-{name} failed ({str(error) or type(error).__name__})")
        raise
    close(name)


def _keep_open(keeper: "Keeper") -> None:
    try:
        while True:
            clock.wait(keeper.turn(), _LOOK, keeper.look)
    finally:
        keeper.give_back()


def _follow(state: State, listeners: Watch) -> None:
    """Watch the listeners on the port that a script opened. Between two looks, the script may change or close it."""
    known = state.forwarded()
    while True:
        clock.wait(_LOOK)
        if (current := state.forwarded()) != known:
            known = current
            listeners.forget()
        if current:
            listeners.look(current.port, current.protocols)


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Stopped(f"stopped by {signal.Signals(number).name}")


def close(name: str, reason: str = "", *, starting: bool = False) -> None:
    """Close the forwarded port, if one is open, and remove its records.

    `reason`: why the port closes if nobody asked for that; it is logged, and recorded as long as no port is open.
    `starting`: keep such a record, because systemd starts the failed unit again.
    """
    state = State(name)
    forwarded, recorded = state.forwarded(), state.forwarding()
    state.write_forwarded(None)
    if namespace.inode(name) is not None:
        nft.open_ports(name, (), None)  # before anything is written, which a full /run prevents
    if reason and forwarded:
        process.say(f"nsguard: {name}: port {forwarded.port} is closed: {reason}")
        state.write_forwarding(ForwardingState("lost", int(time.time()), "", reason))
    elif not ((reason or starting) and recorded and recorded.state == "lost"):
        state.write_forwarding(None)


def close_left_open(name: str) -> None:
    """Close the port of a keeper that was killed together with its unit's last command, as the next one starts."""
    close(name, f"it was left open before nsguard-forward-{name} started", starting=True)


def close_by_unit(name: str) -> None:
    """As `close`, as a command of the unit: before its process starts, and after it has ended (systemd.exec(5))."""
    result = os.environ.get("SERVICE_RESULT")
    if result is None:
        close_left_open(name)
    else:
        close(name, f"nsguard-forward-{name} ended unexpectedly ({result})" if result != "success" else "")


def tell(state: State, forwarded: Forwarded | None, hook: str | None) -> None:
    """Record the port that is open now, and restart the unit `hook`. If `forwarded` is None, close the lost port."""
    text = f"port {forwarded.port} is open, public as {forwarded.public_port}" if forwarded else "the port is lost"
    process.say(f"nsguard: {state.name}: {text}")
    state.write_forwarded(forwarded)
    if forwarded is None:
        nft.open_ports(state.name, (), None)
    if hook:
        watch.restart(state.name, hook)


class Keeper:
    """Maps and renews the forwarded port of one namespace. `configured`: the ports that options give to services."""

    def __init__(self, state: State, forwarding: Forwarding, configured: Collection[tuple[str, range]] = ()) -> None:
        self._state, self._forwarding, self._configured = state, forwarding, configured
        self._gateway: Gateway | None = None
        self._nonce = secrets.token_bytes(12)
        self._held: tuple[Mapping, ...] = ()
        self._at = self._until = 0.0
        self._complained = ""
        self._warned = False
        self._watch = Watch(state.name, forwarding)
        self._report("asking")

    def turn(self) -> float:
        """Map or renew the port once; return the seconds to wait before the next turn."""
        try:
            mappings = self._round()
        except (Refused, OSError) as error:
            answer = str(error)
            if isinstance(error, OSError):
                answer = f"the gateway cannot be reached: {(error.strerror or answer).lower()}"
            self._complain(f"{self._state.name}: {answer}")
            self._report("refused" if isinstance(error, Denied) else "silent", answer)
            if self._gateway:  # a changed tunnel may have another gateway
                self._gateway.close()
                self._gateway = None
            now = clock.since_boot()
            if self._held and now >= self._until:
                self._held = ()
                self._tell(None)
            return min(_AGAIN, max(self._until - now, 0.1)) if self._held else _AGAIN
        self._complained = ""
        self._keep(mappings)
        lifetime = min(mapping.lifetime for mapping in mappings)
        return max(lifetime * _RENEW, 1.0)

    def look(self) -> None:
        """Check whether a program inside listens on the port; if none does, tell the program the port again."""
        if forwarded := self._state.forwarded():
            self._watch.look(forwarded.port, forwarded.protocols)

    def give_back(self) -> None:
        """Delete the mappings at the gateway (RFC 6886 §3.4). If that fails, they end with their lifetime."""
        with contextlib.suppress(Refused, OSError):
            for mapping in self._held:
                self._reach().map(mapping.protocol, mapping.internal, 0, 0, portmap.SHORT)

    def _round(self) -> tuple[Mapping, ...]:
        """The mappings of all protocols. If the gateway has lost its state in a restart, they are requested again."""
        mappings = self._ask()
        if self._held and portmap.restarted(self._held[0], clock.since_boot() - self._at, mappings[0]):
            process.say(f"nsguard: {self._state.name}: the gateway has restarted; requesting the port again")
            mappings = self._ask()
        return mappings

    def _ask(self) -> tuple[Mapping, ...]:
        gateway = self._reach()
        suggested = self._held[0].external if self._held else self._forwarding.internal_port or 0
        remaining = max(self._until - clock.since_boot(), portmap.SHORT) if self._held else portmap.GATEWAY_TIMEOUT
        mappings: list[Mapping] = []
        for protocol in self._forwarding.protocols:
            internal = self._forwarding.internal_port or _ANY
            mappings.append(
                gateway.map(
                    protocol, internal, suggested, self._forwarding.lifetime, min(remaining, portmap.GATEWAY_TIMEOUT)
                )
            )
            suggested = mappings[0].external
        if any(it.lifetime < 1 or not it.external for it in mappings):
            raise Denied("the gateway granted no lifetime")
        self._check(mappings)
        return tuple(self._limited(it) for it in mappings)

    def _check(self, mappings: Sequence[Mapping]) -> None:
        """Raise `Denied` if the gateway chose a port that must stay closed; a port from the options is always right."""
        if self._forwarding.internal_port:
            return
        for it in mappings:
            if reason := granted.fault(self._state.name, (it.protocol, it.external), self._configured):
                for each in mappings:  # deleted, so that the gateway may choose another port
                    with contextlib.suppress(Refused):
                        self._reach().map(each.protocol, each.internal, 0, 0, portmap.SHORT)
                raise Denied(
                    f"the gateway chose port {it.external}, which stays closed: {reason}; "
                    f"set nsguard.namespaces.{self._state.name}.portForwarding.internalPort to choose the port"
                )

    def _limited(self, mapping: Mapping) -> Mapping:
        """`mapping`, with at most the longest lifetime of its protocol; warns once if the gateway grants more."""
        limit = portmap.longest(self._forwarding.protocol, self._forwarding.lifetime)
        if mapping.lifetime > limit and not self._warned:
            self._warned = True
            process.say(f"nsguard: {self._state.name}: the gateway grants {mapping.lifetime} s; nsguard uses {limit} s")
        return mapping._replace(lifetime=min(mapping.lifetime, limit))

    def _reach(self) -> Gateway:
        if self._gateway is None:
            with namespace.entered(self._state.name):
                udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.connect((self._address(), portmap.PORT))
            self._gateway = Gateway(udp, self._forwarding.protocol, self._nonce)
        return self._gateway

    def _address(self) -> str:
        """The gateway in the options, else the tunnel's first IPv4 resolver: with most providers they are the same."""
        if self._forwarding.gateway is not None:
            return str(self._forwarding.gateway)
        tunnel = self._state.tunnel()
        for address in tunnel.dns if tunnel else ():
            if ":" not in address:
                return address
        raise Refused("no gateway is known: the tunnel has no IPv4 resolver; set portForwarding.gateway")

    def _keep(self, mappings: tuple[Mapping, ...]) -> None:
        before, self._held, self._at = self._held, mappings, clock.since_boot()
        lifetime = min(it.lifetime for it in mappings)
        self._until = self._at + lifetime
        changed = self._key(before) != self._key(mappings)
        ports = [(it.protocol, self._local(it)) for it in mappings]
        nft.open_ports(self._state.name, ports, lifetime, logged=changed)
        first = mappings[0]
        forwarded = Forwarded(self._local(first), first.external, first.address, tuple(it.protocol for it in mappings))
        if changed or self._state.forwarded() != forwarded:
            self._tell(forwarded)
        granted.tell(self._state.name, [(it.protocol, self._local(it)) for it in mappings])
        self._report("open")

    def _key(self, mappings: tuple[Mapping, ...]) -> list[tuple[str, int, int]]:
        return [(mapping.protocol, self._local(mapping), mapping.external) for mapping in mappings]

    def _local(self, mapping: Mapping) -> int:
        """The port inside at which packets arrive: the one in the options, else the public port, as with Proton."""
        return self._forwarding.internal_port or mapping.external

    def _tell(self, forwarded: Forwarded | None) -> None:
        self._watch.forget()
        tell(self._state, forwarded, self._forwarding.hook)

    def _report(self, state: str, answer: str = "") -> None:
        """Record the state for `nsguard status`. `since` changes only with the state or the answer."""
        before = self._state.forwarding()
        if before is None or (before.state, before.answer) != (state, answer):
            self._state.write_forwarding(ForwardingState(state, int(time.time()), self._named(), answer))

    def _named(self) -> str:
        """The address of the gateway, empty if none is known."""
        try:
            return self._address()
        except Refused:
            return ""

    def _complain(self, what: str) -> None:
        """Log a failure, unless it is the same as the last one."""
        if what != self._complained:
            self._complained = what
            process.say(f"nsguard: {what}")
