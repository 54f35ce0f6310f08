"""Sends back what it gets, over UDP, TCP and what else its kernel has, from the address it was sent to (RFC 862).

usage: python3 -m nsguard_harness.inside.echo RECORDS [PORT]
"""

from __future__ import annotations

import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

from ..addresses import LAB
from . import datagrams
from .notify import ready
from .records import Records

SCTP, DCCP, SOCK_DCCP = 132, 33, 6  # linux/in.h; linux/net.h


class Echo:
    """Records the first 200 bytes of what it sends back, as text."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def _record(self, transport: str, peer: str, local: str | bytes, data: bytes) -> None:
        text = data[:200].decode("ascii", "backslashreplace")
        self._records.add(transport=transport, source=datagrams.plain(peer), local=datagrams.plain(local), data=text)

    def serve_udp(self, udp: socket.socket) -> None:
        """Send datagrams back for ever."""
        while True:
            datagram = datagrams.receive(udp)
            self._record("udp", datagram.peer[0], datagram.local, datagram.data)
            datagrams.answer(udp, datagram, datagram.data)

    def serve_connection(self, connection: socket.socket) -> None:
        """Send a connection's bytes back until it ends."""
        with connection:
            try:
                peer, local = connection.getpeername()[0], connection.getsockname()[0]
                while data := connection.recv(65535):
                    self._record("stream", peer, local, data)
                    connection.sendall(data)
            except OSError:
                return

    def serve_streams(self, listener: socket.socket) -> None:
        """Take connections for ever."""
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self.serve_connection, args=(connection,), daemon=True).start()


def listen_otherwise() -> list[socket.socket]:
    """Listeners of SCTP and DCCP, of those that the kernel has.

    At the asked address itself: with all addresses to choose from, SCTP answers from the one that leads back (RFC 9260,
    6.4), and a firewall that keeps track of connections refuses an answer from another than was asked.
    """
    listeners = []
    for kind, protocol in ((socket.SOCK_STREAM, SCTP), (SOCK_DCCP, DCCP)):
        for family, address in zip((socket.AF_INET, socket.AF_INET6), LAB.web, strict=True):
            with suppress(OSError):
                listener = socket.socket(family, kind, protocol)
                listener.bind((address, LAB.echo_port))
                listener.listen()
                listeners.append(listener)
    return listeners


if __name__ == "__main__":
    echo = Echo(Records(Path(sys.argv[1])))
    named = tuple(map(int, sys.argv[2:]))
    ports = named or (LAB.echo_port, *LAB.tls_ports)
    for udp in map(datagrams.listen, named or (LAB.echo_port,)):
        threading.Thread(target=echo.serve_udp, args=(udp,), daemon=True).start()
    listeners = [*map(datagrams.listen_tcp, ports), *(listen_otherwise() if len(ports) > 1 else [])]
    for listener in listeners[1:]:
        threading.Thread(target=echo.serve_streams, args=(listener,), daemon=True).start()
    ready()
    echo.serve_streams(listeners[0])
