"""Endpoints that are names: which peer has which, what address it has now, when the peer was last heard of.

The file is there only while a tunnel with such endpoints is up: its timer's unit has it as a condition, so that for
others no process is started.
"""

import json
import time
from typing import NamedTuple

from nsguard.spec.model import Endpoint
from nsguard.state import State
from nsguard.system import files

# Bytes of a keepalive: 16 of header and 16 of tag (WireGuard whitepaper §5.4.6).
KEEPALIVE_SIZE = 32
# Seconds in which a peer answers whatever it gets, if by a keepalive alone (§6.5: 10 s), or there is a new handshake.
PEER_SILENCE = 15.0


class Named(NamedTuple):
    """One peer's endpoint by name, and what was seen of the peer.

    `address` is the one in use, or None; `seconds` between look-ups, 0 for none without need; `looked_up` and `since`
    are seconds of the boot clock; `received` and `sent` are bytes at `since`; `silences` counts how often in a row the
    peer was silent for `PEER_SILENCE`.
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
        """The same with new counters. Silent is a peer that was sent more than keepalives and sent nothing."""
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
        """Whether to look the name up now: it has no address, it is time, or there was silence since `before`."""
        late = self.seconds > 0 and now - self.looked_up >= self.seconds
        return self.address is None or late or self.silences > before.silences

    def place(self, address: str | None = None) -> str:
        """The endpoint at an address, by default the present one, as wg(8) shows it."""
        return str(Endpoint(address or self.address or "", self.port))

    def choice(self, found: list[str], strayed: str | None = None) -> str:
        """Of addresses, best first, the present one if it is among them, or the next if that one stays silent.

        One that the peer was heard from meanwhile (`strayed`, as wg(8) shows it) is better than either.
        """
        for address in found:
            if self.place(address) == strayed:
                return address
        if self.address not in found:
            return found[0]
        return found[(found.index(self.address) + (self.silences > 1)) % len(found)]

    def at(self, address: str) -> "Named":
        """The same at an address; one that is new has its own time to answer in."""
        return self if address == self.address else self._replace(address=address, since=self.looked_up, silences=0)


def clock() -> float:
    """Seconds since the machine was booted, those it was asleep for among them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def read(state: State) -> dict[str, Named]:
    """Public key → its name; nothing if there are none, or if the file is another version's."""
    try:
        with open(state.names, encoding="utf-8") as file:
            return {key: Named(*values) for key, values in json.load(file).items()}
    except (FileNotFoundError, TypeError):
        return {}


def write(state: State, names: dict[str, Named]) -> None:
    """Keep them; no names, no file."""
    if names:
        files.write(state.names, json.dumps(names) + "\n")
    else:
        files.remove(state.names)
