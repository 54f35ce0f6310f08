"""Addresses of names, by the host's resolver."""

import contextlib
import json
import os
import select
import signal
import socket

from nsguard import process
from nsguard.errors import NsguardError

# Seconds for all names. glibc alone would wait 5 s per server and attempt (resolv.conf(5)).
TIMEOUT = 15.0


class Unresolved(NsguardError):
    """A name has no address now; trying again later may help."""


def addresses(names: list[str]) -> dict[str, list[str]]:
    """Name → addresses, in a child: getaddrinfo(3) can be neither bounded nor interrupted."""
    process.checkpoint()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(names, writer)
    os.close(writer)
    with open(reader, "rb") as pipe, process.interruptible(child):
        answered = select.select([pipe], [], [], TIMEOUT)[0]
        if not answered:
            os.kill(child, signal.SIGKILL)
        data = pipe.read()
    os.waitpid(child, 0)
    process.checkpoint()
    found: dict[str, list[str] | str] = json.loads(data) if data else {}
    for name in names:
        answer = found.get(name, f"no answer within {TIMEOUT:g} s")
        if isinstance(answer, str):
            raise Unresolved(f"endpoint {name}: {answer}; check the host's resolver or give an address")
    return {name: list(answer) for name, answer in found.items()}


def _answer(names: list[str], writer: int) -> None:
    """The child's part: look up, write JSON, end."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        found: dict[str, list[str] | str] = {}
        for name in names:
            try:
                infos = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
                # An address with a scope (fe80::1%eth0) means something else in another namespace.
                found[name] = [str(i[4][0]) for i in infos if "%" not in str(i[4][0])] or "no usable address"
            except OSError as error:
                found[name] = (error.strerror or str(error)).lower()
        with open(writer, "wb") as pipe:
            pipe.write(json.dumps(found).encode())
    finally:
        os._exit(0)


def best(found: list[str], port: int) -> str:
    """The first address that the host has a route to, else the first."""
    for address in found:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        # Connecting a datagram socket sends nothing; it fails where there is no route (udp(7)).
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, port))
            return address
    return found[0]
