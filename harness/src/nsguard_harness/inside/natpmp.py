"""A gateway that maps ports, by NAT-PMP (RFC 6886) and PCP (RFC 6887), as VPN providers do: it chooses the port, the
same for TCP and UDP, and what is forwarded arrives at that port.

usage: python3 -m nsguard_harness.inside.natpmp PORT:LIFETIME[:RESULT]

After a restart it has forgotten all mappings, and its epoch says so. RESULT: the code with which it refuses everything.
"""

from __future__ import annotations

import ipaddress
import struct
import sys
import time
from pathlib import Path

from ..addresses import LAB
from . import datagrams
from .notify import ready
from .records import Records

PORT = 5351
RECORDS = Path("/var/lib/nsguard-lab/natpmp.jsonl")
NAMES = {1: "udp", 2: "tcp", 17: "udp", 6: "tcp"}


class Gateway:
    """Grants one port for `lifetime` seconds, or refuses with `result` where that is not 0."""

    def __init__(self, port: int, lifetime: int, result: int, records: Records) -> None:
        self._port, self._lifetime, self._result, self._records = port, lifetime, result, records
        self._started = time.monotonic()

    def reply(self, message: bytes, peer: str) -> bytes | None:
        """The answer to a message; None for bytes that are not a request."""
        if len(message) == 2 and message[0] == 0:
            public = ipaddress.IPv4Address(LAB.endpoint.v4).packed
            return struct.pack("!BBHI", 0, 128, self._result, self._epoch()) + public
        if len(message) == 12 and message[0] == 0 and message[1] in (1, 2):
            _, operation, _, internal, external, lifetime = struct.unpack("!BBHHHI", message)
            self._note("nat-pmp", NAMES[operation], peer, internal, external, lifetime)
            head = struct.pack("!BBHI", 0, operation + 128, self._result, self._epoch())
            return head + struct.pack("!HHI", internal, self._port if lifetime else 0, min(lifetime, self._lifetime))
        if len(message) == 60 and message[:2] == b"\x02\x01":
            return self._pcp(message, peer)
        return None

    def _pcp(self, message: bytes, peer: str) -> bytes:
        (lifetime,) = struct.unpack("!I", message[4:8])
        protocol = message[36]
        internal, external = struct.unpack("!HH", message[40:44])
        self._note("pcp", NAMES[protocol], peer, internal, external, lifetime)
        # PCP: the address in the request must be the sender's (§8.1)
        own = str(ipaddress.IPv6Address(message[8:24]).ipv4_mapped)
        result = self._result if own == peer else 12
        head = struct.pack("!BBBBII12x", 2, 0x81, 0, result, min(lifetime, self._lifetime), self._epoch())
        public = bytes(10) + b"\xff\xff" + ipaddress.IPv4Address(LAB.endpoint.v4).packed
        return head + message[24:42] + struct.pack("!H", self._port if lifetime else 0) + public

    def _epoch(self) -> int:
        return int(time.monotonic() - self._started)

    def _note(self, by: str, protocol: str, peer: str, internal: int, external: int, lifetime: int) -> None:
        self._records.add(
            by=by, protocol=protocol, source=peer, internal=internal, external=external, lifetime=lifetime
        )


def serve(port: int, lifetime: int, result: int = 0) -> None:
    """Answer for ever."""
    gateway = Gateway(port, lifetime, result, Records(RECORDS))
    with datagrams.listen(PORT) as udp:
        ready()
        while True:
            datagram = datagrams.receive(udp)
            answer = gateway.reply(datagram.data, datagrams.plain(datagram.peer[0]))
            if answer is not None:
                datagrams.answer(udp, datagram, answer)


if __name__ == "__main__":
    serve(*map(int, sys.argv[1].split(":")))
