"""Requests a port from a gateway over IPv4, by the parts of NAT-PMP (RFC 6886) and PCP (RFC 6887) that map one."""

import ipaddress
import socket
import struct
import time
from collections.abc import Callable

from nsguard.system.record import NamedTuple

PORT = 5351
_NUMBERS = {"tcp": 6, "udp": 17}  # IANA's protocol numbers
# Seconds until a request is first repeated; each later interval is twice as long (RFC 6886 §3.1, RFC 6887 §8.1.1). And
# seconds after which the request has failed: well below the 15 that are left of Proton's 60 when it is time to renew.
_FIRST = {"nat-pmp": 0.25, "pcp": 3.0}
GATEWAY_TIMEOUT = 10.0
# Seconds to wait for an answer that is useful but not needed.
SHORT = 1.0
# Seconds: the longest lifetime that RFC 6887 §15 recommends gateways to grant.
_DAY = 86400
# RFC 6886 §3.5, RFC 6887 §7.4
_NAT_PMP_RESULTS = {1: "unsupported version", 2: "not authorised", 3: "network failure", 4: "out of resources"}
_PCP_RESULTS = {1: "unsupported version", 2: "not authorised", 4: "unsupported operation", 8: "no resources"}


class Refused(Exception):
    """The gateway gives no port: it does not answer, or refuses."""


class Denied(Refused):
    """The gateway refuses, or offers a port that cannot be accepted."""


class Mapping(NamedTuple):
    """A mapped port. `lifetime`: in seconds; `epoch`: seconds since the gateway started, by its own clock."""

    protocol: str
    internal: int
    external: int
    lifetime: int
    epoch: int
    address: str | None


class Gateway:
    """A gateway that speaks `protocol`, reached through a UDP socket that is connected to it.

    `nonce`: 12 bytes; whoever knows them may renew a PCP mapping (RFC 6887 §11.2).
    """

    def __init__(self, udp: socket.socket, protocol: str, nonce: bytes) -> None:
        self._udp, self._protocol, self._nonce = udp, protocol, nonce

    def close(self) -> None:
        """Close the socket."""
        self._udp.close()

    def map(self, protocol: str, internal: int, external: int, lifetime: int, timeout: float | None = None) -> Mapping:
        """Map an internal port, or renew its mapping; with `external` 0 the gateway chooses. Raises `Refused`.

        `lifetime`: in seconds; 0 ends the mapping. `timeout`: seconds to wait for an answer.
        """
        ask = self._pcp if self._protocol == "pcp" else self._nat_pmp
        return ask(protocol, internal, external, lifetime, GATEWAY_TIMEOUT if timeout is None else timeout)

    def _nat_pmp(self, protocol: str, internal: int, external: int, lifetime: int, timeout: float) -> Mapping:
        """Map a port with NAT-PMP (RFC 6886 §3.3)."""
        operation = {"udp": 1, "tcp": 2}[protocol]
        request = struct.pack("!BBHHHI", 0, operation, 0, internal, external, lifetime)
        answer = self._ask(
            request, lambda answer: len(answer) >= 4 and answer[:2] == bytes([0, operation + 128]), timeout
        )
        (result,) = struct.unpack("!H", answer[2:4])
        if result or len(answer) != 16:
            raise Denied(f"the gateway refuses {protocol}: {_NAT_PMP_RESULTS.get(result, f'result {result}')}")
        epoch, internal, external, lifetime = struct.unpack("!IHHI", answer[4:])
        return Mapping(protocol, internal, external, lifetime, epoch, self._public_address())

    def _public_address(self) -> str | None:
        """The public address (RFC 6886 §3.2); None if the gateway does not tell it, which a mapping does not need."""
        try:
            answer = self._ask(b"\0\0", lambda answer: len(answer) == 12 and answer[:4] == b"\0\x80\0\0", SHORT)
        except Refused:
            return None
        return str(ipaddress.IPv4Address(answer[8:12]))

    def _pcp(self, protocol: str, internal: int, external: int, lifetime: int, timeout: float) -> Mapping:
        """Map a port with PCP (RFC 6887 §7.1, §11.1)."""
        own = _mapped(self._udp.getsockname()[0])
        number = _NUMBERS[protocol]
        which = struct.pack("!12sB3xH", self._nonce, number, internal)
        request = struct.pack("!BBHI16s", 2, 1, 0, lifetime, own) + which + struct.pack("!H", external) + _mapped(0)
        answer = self._ask(
            request, lambda answer: len(answer) >= 24 and answer[:2] == b"\x02\x81" and answer[24:42] == which, timeout
        )
        if answer[3] or len(answer) != 60:
            raise Denied(f"the gateway refuses {protocol}: {_PCP_RESULTS.get(answer[3], f'result {answer[3]}')}")
        lifetime, epoch = struct.unpack("!II", answer[4:12])
        (external,) = struct.unpack("!H", answer[42:44])
        address = ipaddress.IPv6Address(answer[44:60])
        return Mapping(protocol, internal, external, lifetime, epoch, str(address.ipv4_mapped or address))

    def _ask(self, request: bytes, fits: Callable[[bytes], bool], timeout: float) -> bytes:
        """The first answer that fits the request; the request is repeated until then."""
        deadline, interval = time.monotonic() + timeout, _FIRST[self._protocol]
        try:
            while time.monotonic() < deadline:
                self._udp.send(request)
                again = time.monotonic() + interval
                interval *= 2
                while (left := min(again, deadline) - time.monotonic()) > 0:
                    self._udp.settimeout(left)
                    try:
                        answer = self._udp.recv(1100)  # RFC 6887 §7: no message is longer
                    except TimeoutError:
                        break
                    if fits(answer):
                        return answer
        except OSError as error:
            raise Refused(f"the gateway cannot be reached: {(error.strerror or str(error)).lower()}") from None
        raise Refused(f"the gateway did not answer within {timeout:g} s")


def longest(protocol: str, lifetime: int) -> int:
    """The longest lifetime to accept, in seconds.

    A NAT-PMP gateway should grant no more than was requested (RFC 6886 §3.3); a PCP gateway may (RFC 6887 §15).
    """
    return _DAY if protocol == "pcp" else lifetime


def restarted(before: Mapping, elapsed: float, after: Mapping) -> bool:
    """Whether the gateway has forgotten its mappings since an answer `elapsed` seconds ago (RFC 6886 §3.6)."""
    return after.epoch < before.epoch + elapsed * 7 / 8 - 2


def _mapped(address: str | int) -> bytes:
    """An IPv4 address as an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2)."""
    return bytes(10) + b"\xff\xff" + ipaddress.IPv4Address(address).packed
