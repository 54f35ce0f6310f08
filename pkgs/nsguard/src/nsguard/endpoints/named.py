"""Endpoints that are host names: the name and present address of each peer, and when the peer was last heard.

They are stored in names.json, which exists only while a tunnel with such endpoints is up, or must be remade. The unit
of the refresh timer has the file as its condition, so no process is started for other tunnels.
"""

from nsguard.spec.model import Endpoint
from nsguard.state import State
from nsguard.system import files
from nsguard.system.record import NamedTuple

# Bytes of a keepalive packet: 16 of header and 16 of authentication tag (WireGuard whitepaper §5.4.6).
KEEPALIVE_SIZE = 32
# Seconds within which a peer that receives data sends something: a handshake, or a keepalive (§6.5: after 10 s).
PEER_SILENCE = 15.0


class Named(NamedTuple):
    """One peer's endpoint as a host name, and the traffic counters of the peer.

    `address` is the one in use, or None; `keepalive` is in seconds, 0 is off; `seconds` is the interval of look-ups,
    0 to look up only when there is a reason; `looked_up` and `since` are times of the boot clock in seconds;
    `received` and `sent` are the counters in bytes at `since`; `silences` counts how often in a row the peer was
    silent for `PEER_SILENCE`.
    """

    host: str
    port: int
    keepalive: int
    seconds: int
    address: str | None
    looked_up: float
    since: float = 0.0
    received: int = -1
    sent: int = -1
    silences: int = 0

    def seen(self, now: float, received: int, sent: int) -> "Named":
        """This endpoint with new counters, in bytes. A peer is silent if it got more than keepalives and sent nothing.

        `now` is a time of the boot clock in seconds.
        """
        if received != self.received:
            return self._replace(since=now, received=received, sent=sent, silences=0)
        span = now - self.since
        idle = KEEPALIVE_SIZE * int(span / self.keepalive + 1) if self.keepalive else 0
        if sent - self.sent <= idle:
            return self._replace(since=now, sent=sent)
        if span < PEER_SILENCE:
            return self
        return self._replace(since=now, sent=sent, silences=self.silences + 1)

    def due(self, now: float, before: "Named") -> bool:
        """Whether to look up the name now: it has no address, its interval has passed, or the peer became silent.

        `before` is the endpoint before the counters were updated (`seen`).
        """
        late = self.seconds > 0 and now - self.looked_up >= self.seconds
        return self.address is None or late or self.silences > before.silences

    def text(self, address: str | None = None) -> str:
        """The endpoint with an address, by default the present one, in the form that wg(8) prints."""
        return str(Endpoint(address or self.address or "", self.port))

    def choice(self, addresses: list[str], roamed: str | None = None) -> str:
        """The address to use, out of `addresses`, which has the best first.

        It is the address that the peer has sent from meanwhile (`roamed`, an endpoint as wg(8) prints it), if that is
        among them; else the present one, or its successor if the peer stays silent there; else the first.
        """
        for address in addresses:
            if self.text(address) == roamed:
                return address
        if self.address not in addresses:
            return addresses[0]
        return addresses[(addresses.index(self.address) + (self.silences > 1)) % len(addresses)]

    def at(self, address: str) -> "Named":
        """This endpoint with `address`. After a change, the peer again has the full time to answer."""
        return self if address == self.address else self._replace(address=address, since=self.looked_up, silences=0)


def read(state: State) -> dict[str, Named]:
    """Public key → endpoint; empty if there is no file, or if another version of nsguard wrote it."""
    try:
        return {key: Named(*values) for key, values in (files.read_json(state.names) or {}).items()}
    except TypeError:
        return {}


def write(state: State, names: dict[str, Named]) -> None:
    """Store the endpoints by public key; remove the file if there are none."""
    if names:
        files.write_json(state.names, names)
    else:
        files.remove(state.names)
