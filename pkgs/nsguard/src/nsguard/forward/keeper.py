"""`nsguard forward run|close NAME`: a port of the tunnel's far end, kept for as long as the tunnel is up.

One process on the host: its socket is made in the namespace and stays there, and the answers are of a few fixed bytes.
What it opens closes by itself when it is not renewed: the kernel counts the seconds.
"""

import contextlib
import secrets
import signal
import socket
import time
from collections.abc import Collection, Sequence
from types import FrameType

from nsguard.errors import BadInput, Stopped
from nsguard.forward import granted, portmap
from nsguard.forward.granted import Port
from nsguard.forward.portmap import Denied, Gateway, Mapping, Refused
from nsguard.net import namespace, nft
from nsguard.spec import spec
from nsguard.spec.spec import Forwarding
from nsguard.state import Forwarded, ForwardingState, State
from nsguard.system import process

# Of the lifetime that was granted: 45 s of 60, as Proton has it in its guide to NAT-PMP by hand.
_RENEW = 0.75
# Seconds between attempts while there is no port, and the least between renewals.
_AGAIN = 5.0
# Some port must be named where the gateway's alone counts; 0 would ask to delete all (RFC 6886 §3.4).
_ANY = 1


def run(name: str) -> None:
    """Map a port and keep it, until stopped. Raises `BadInput`."""
    whole = spec.load(name)
    wanted = whole.forwarding
    if wanted is None:
        raise BadInput(f"{name}: port forwarding is not configured; see nsguard.namespaces.{name}.portForwarding")
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    keeper = Keeper(State(name), wanted, granted.named(whole))
    try:
        while True:
            time.sleep(keeper.turn())
    except Stopped as stopped:
        process.say(f"nsguard: {name}: {stopped}")
    finally:
        keeper.give_back()
        close(name)


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Stopped(f"stopped by {signal.Signals(number).name}")


def close(name: str) -> None:
    """No port is open from now on. Nothing to close is fine."""
    found = State(name)
    found.write_forwarded(None)
    found.write_forwarding(None)
    if namespace.inode(name) is not None:
        nft.open_ports(name, (), 0)


class Keeper:
    """Holds the mappings of one namespace. taken: the ports that its options give to services."""

    def __init__(self, found: State, wanted: Forwarding, taken: Collection[Port] = ()) -> None:
        self._found, self._wanted, self._taken = found, wanted, taken
        self._gateway: Gateway | None = None
        self._nonce = secrets.token_bytes(12)
        self._held: tuple[Mapping, ...] = ()
        self._at = self._until = 0.0
        self._complained = ""
        self._warned = False
        self._report("asking")

    def turn(self) -> float:
        """Map or renew once; seconds to wait before the next turn."""
        try:
            mappings = self._round()
        except (Refused, OSError) as error:
            self._complain(f"{self._found.name}: {error}")
            self._report("refused" if isinstance(error, Denied) else "silent", str(error))
            if self._gateway:  # the tunnel may have got another one
                self._gateway.close()
                self._gateway = None
            now = time.monotonic()
            if self._held and now >= self._until:
                self._held = ()
                self._tell(None)
            return min(_AGAIN, max(self._until - now, 0.1)) if self._held else _AGAIN
        self._complained = ""
        self._keep(mappings)
        lifetime = min(it.lifetime for it in mappings)
        return max(lifetime * _RENEW, 1.0)

    def give_back(self) -> None:
        """Tell the gateway that the ports are not needed any more (RFC 6886 §3.4); it would notice by itself."""
        with contextlib.suppress(Refused, OSError):
            for it in self._held:
                self._reach().map(it.protocol, it.internal, 0, 0, portmap.SHORT)

    def _round(self) -> tuple[Mapping, ...]:
        """All protocols, with the same number where the gateway can. Once more if it has just lost its memory."""
        mappings = self._ask()
        if self._held and portmap.restarted(self._held[0], time.monotonic() - self._at, mappings[0]):
            process.say(f"nsguard: {self._found.name}: the gateway has started anew; asking it again")
            mappings = self._ask()
        return mappings

    def _ask(self) -> tuple[Mapping, ...]:
        gateway = self._reach()
        suggested = self._held[0].external if self._held else self._wanted.internal_port or 0
        left = max(self._until - time.monotonic(), portmap.SHORT) if self._held else portmap.GATEWAY_TIMEOUT
        mappings: list[Mapping] = []
        for protocol in self._wanted.protocols:
            internal = self._wanted.internal_port or _ANY
            mappings.append(
                gateway.map(protocol, internal, suggested, self._wanted.lifetime, min(left, portmap.GATEWAY_TIMEOUT))
            )
            suggested = mappings[0].external
        if any(it.lifetime < 1 or not it.external for it in mappings):
            raise Denied("the gateway grants no time")
        self._check(mappings)
        return tuple(self._limited(it) for it in mappings)

    def _check(self, mappings: Sequence[Mapping]) -> None:
        """Raise `Refused` for a port that the gateway must not choose; ours, where we named one, is as we want it."""
        if self._wanted.internal_port:
            return
        for it in mappings:
            if why := granted.fault(self._found.name, (it.protocol, it.external), self._taken):
                for each in mappings:  # it may choose another then
                    with contextlib.suppress(Refused):
                        self._reach().map(each.protocol, each.internal, 0, 0, portmap.SHORT)
                raise Denied(
                    f"the gateway chose port {it.external}, which stays closed: {why}; "
                    f"set nsguard.namespaces.{self._found.name}.portForwarding.internalPort if it may"
                )

    def _limited(self, mapping: Mapping) -> Mapping:
        """The same for no longer than its protocol has it."""
        longest = portmap.longest(self._wanted.protocol, self._wanted.lifetime)
        if mapping.lifetime > longest and not self._warned:
            self._warned = True
            process.say(
                f"nsguard: {self._found.name}: the gateway grants {mapping.lifetime} s, of which {longest} count"
            )
        return mapping._replace(lifetime=min(mapping.lifetime, longest))

    def _reach(self) -> Gateway:
        if self._gateway is None:
            with namespace.entered(self._found.name):
                udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.connect((self._address(), portmap.PORT))
            self._gateway = Gateway(udp, self._wanted.protocol, self._nonce)
        return self._gateway

    def _address(self) -> str:
        """The gateway named, else the tunnel's first resolver, which is the same with most who offer it."""
        if self._wanted.gateway is not None:
            return str(self._wanted.gateway)
        tunnel = self._found.tunnel()
        for address in tunnel.dns if tunnel else ():
            if ":" not in address:
                return address
        raise Refused("no gateway is known: the tunnel has no IPv4 resolver; set portForwarding.gateway")

    def _keep(self, mappings: tuple[Mapping, ...]) -> None:
        before, self._held, self._at = self._held, mappings, time.monotonic()
        lifetime = min(it.lifetime for it in mappings)
        self._until = self._at + lifetime
        changed = self._key(before) != self._key(mappings)
        ports = [(it.protocol, self._local(it)) for it in mappings]
        nft.open_ports(self._found.name, ports, lifetime, logged=changed)
        first = mappings[0]
        now = Forwarded(self._local(first), first.external, first.address, tuple(it.protocol for it in mappings))
        if changed or self._found.forwarded() != now:
            self._tell(now)
        granted.tell(self._found.name, [(it.protocol, self._local(it)) for it in mappings])
        self._report("open")

    def _key(self, mappings: tuple[Mapping, ...]) -> list[tuple[str, int, int]]:
        return [(it.protocol, self._local(it), it.external) for it in mappings]

    def _local(self, mapping: Mapping) -> int:
        """Where what is forwarded arrives: at the port that we named, else at the public one's number, as Proton's."""
        return self._wanted.internal_port or mapping.external

    def _tell(self, now: Forwarded | None) -> None:
        said = f"port {now.port} is open, public as {now.public_port}" if now else "the port is lost"
        process.say(f"nsguard: {self._found.name}: {said}")
        self._found.write_forwarded(now)
        if now is None:
            nft.open_ports(self._found.name, (), 0)
        if self._wanted.hook:
            try:
                process.change("systemctl", "restart", "--no-block", self._wanted.hook)
            except process.CommandFailed as error:
                process.say(f"nsguard: {self._found.name}: {error}")

    def _report(self, state: str, answer: str = "") -> None:
        """What `nsguard status` says of it; `since` is kept for as long as the state and the answer are the same."""
        before = self._found.forwarding()
        if before is None or (before.state, before.answer) != (state, answer):
            self._found.write_forwarding(ForwardingState(state, round(time.time()), self._named(), answer))

    def _named(self) -> str:
        """The gateway's address, as far as one is known."""
        try:
            return self._address()
        except Refused:
            return ""

    def _complain(self, what: str) -> None:
        """Once for each reason."""
        if what != self._complained:
            self._complained = what
            process.say(f"nsguard: {what}")
