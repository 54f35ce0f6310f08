"""Sends back what it gets, over UDP and TCP, from the address it was sent to (RFC 862).

usage: python3 -m nsguard_harness.inside.echo
"""

from __future__ import annotations

import socket
import threading

from ..addresses import LAB
from . import datagrams


def serve_udp(udp: socket.socket) -> None:
    """Send datagrams back for ever."""
    while True:
        got = datagrams.receive(udp)
        datagrams.answer(udp, got, got.data)


def serve_connection(connection: socket.socket) -> None:
    """Send a connection's bytes back until it ends."""
    with connection:
        try:
            while data := connection.recv(65535):
                connection.sendall(data)
        except OSError:
            return


def serve_tcp(listener: socket.socket) -> None:
    """Take connections for ever."""
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve_connection, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    threading.Thread(target=serve_udp, args=(datagrams.listen(LAB.echo_port),), daemon=True).start()
    serve_tcp(datagrams.listen_tcp(LAB.echo_port))
