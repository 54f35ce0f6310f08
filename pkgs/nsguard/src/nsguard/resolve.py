"""Names of endpoints become addresses, in the host's namespace, before anything is changed."""

import contextlib
import json
import os
import select
import signal
import socket

from nsguard import process
from nsguard.errors import NsguardError
from nsguard.model import Endpoint, Peer

# Seconds for all names. glibc alone would wait 5 s per server and attempt (resolv.conf(5)).
TIMEOUT = 15.0


class Unresolved(NsguardError):
    """A name has no address now; trying again later may help."""


def endpoints(peers: tuple[Peer, ...]) -> dict[str, Endpoint]:
    """Public key → endpoint with an address, for each peer that has one.

    Of a name's addresses the first that the host has a route to is taken, else the first. Raises `Unresolved`.
    """
    wanted = {peer.public_key: peer.endpoint for peer in peers if peer.endpoint}
    names = sorted({endpoint.host for endpoint in wanted.values() if not _literal(endpoint.host)})
    found = _look_up(names) if names else {}
    return {
        key: endpoint._replace(host=_best(found[endpoint.host], endpoint.port)) if endpoint.host in found else endpoint
        for key, endpoint in wanted.items()
    }


def _literal(host: str) -> bool:
    with contextlib.suppress(OSError):
        socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
        return True
    return False


def _look_up(names: list[str]) -> dict[str, list[str]]:
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
        answer = pipe.read()
    os.waitpid(child, 0)
    process.checkpoint()
    found: dict[str, list[str] | str] = json.loads(answer) if answer else {}
    for name in names:
        addresses = found.get(name, f"no answer within {TIMEOUT:g} s")
        if isinstance(addresses, str):
            raise Unresolved(f"endpoint {name}: {addresses}; check the host's resolver or give an address")
    return {name: list(addresses) for name, addresses in found.items()}


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


def _best(addresses: list[str], port: int) -> str:
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        # Connecting a datagram socket sends nothing; it fails where there is no route (udp(7)).
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, port))
            return address
    return addresses[0]
