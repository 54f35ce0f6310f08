"""Addresses of names, by the host's resolver."""

import contextlib
import socket

from nsguard import child
from nsguard.errors import NsguardError

# Seconds for all names. glibc alone would wait 5 s per server and attempt (resolv.conf(5)).
TIMEOUT = 15.0


class Unresolved(NsguardError):
    """A name has no address now; trying again later may help."""


def addresses(names: list[str]) -> dict[str, list[str]]:
    """Name → addresses. Raises `Unresolved` for the first name without any."""
    try:
        found = child.answer(lambda: {name: _look_up(name) for name in names}, TIMEOUT)
    except (child.Late, child.Failed):
        found = {}
    for name in names:
        answer = found.get(name, f"no answer within {TIMEOUT:g} s")
        if isinstance(answer, str):
            raise Unresolved(f"endpoint {name}: {answer}; check the host's resolver or give an address")
    return {name: list(answer) for name, answer in found.items()}


def _look_up(name: str) -> list[str] | str:
    """Its addresses, or why there are none."""
    try:
        infos = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        return (error.strerror or str(error)).lower()
    # An address with a scope (fe80::1%eth0) means something else in another namespace.
    return [str(i[4][0]) for i in infos if "%" not in str(i[4][0])] or "no usable address"


def best(found: list[str], port: int) -> str:
    """The first address that the host has a route to, else the first."""
    for address in found:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        # Connecting a datagram socket sends nothing; it fails where there is no route (udp(7)).
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, port))
            return address
    return found[0]
