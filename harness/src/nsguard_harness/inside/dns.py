"""A resolver that answers every name, and records each query with its sender.

usage: python3 -m nsguard_harness.inside.dns RECORDS LOCAL=ADDRESS,... ...

It answers A and AAAA with the addresses that are given for the local address that the query came to, or else for
`default`. A family without an address there is answered without a record.
"""

from __future__ import annotations

import socket
import sys
import threading
from ipaddress import ip_address
from pathlib import Path

from ..addresses import LAB
from . import datagrams, dnswire
from .notify import ready
from .records import Records


class Resolver:
    """answers: local address, or `default`, → the addresses that names have there."""

    def __init__(self, answers: dict[str, list[str]], records: Records) -> None:
        self._answers, self._records = answers, records

    def reply(self, message: bytes, peer: str, local: str, transport: str) -> bytes | None:
        """The answer to a message; None for what is no query. Every query is recorded, answered or not."""
        try:
            query = dnswire.decode_query(message)
        except ValueError:
            self._records.add(source=peer, local=local, transport=transport, malformed=message.hex())
            return None
        self._records.add(source=peer, local=local, transport=transport, name=query.name, type=query.type)
        family = {"A": 4, "AAAA": 6}.get(query.type)
        known = self._answers.get(local, self._answers["default"])
        return dnswire.encode_answer(message, [address for address in known if ip_address(address).version == family])


def serve_udp(resolver: Resolver, udp: socket.socket) -> None:
    """Answer datagrams for ever."""
    while True:
        datagram = datagrams.receive(udp)
        reply = resolver.reply(datagram.data, datagrams.plain(datagram.peer[0]), datagrams.plain(datagram.local), "udp")
        if reply is not None:
            datagrams.answer(udp, datagram, reply)


def serve_connection(resolver: Resolver, connection: socket.socket) -> None:
    """Answer the queries of one connection, each with its length in front (RFC 1035, 4.2.2)."""
    with connection, connection.makefile("rb") as stream:
        connection.settimeout(10)
        peer, local = (datagrams.plain(name[0]) for name in (connection.getpeername(), connection.getsockname()))
        try:
            while len(prefix := stream.read(2)) == 2:
                reply = resolver.reply(stream.read(int.from_bytes(prefix, "big")), peer, local, "tcp")
                if reply is not None:
                    connection.sendall(len(reply).to_bytes(2, "big") + reply)
        except OSError:
            return


def serve_tcp(resolver: Resolver, listener: socket.socket) -> None:
    """Take connections for ever."""
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve_connection, args=(resolver, connection), daemon=True).start()


def main(arguments: list[str]) -> None:
    """Serve until killed."""
    answers = {}
    for argument in arguments[1:]:
        local, _, known = argument.partition("=")
        answers[local] = known.split(",")
    resolver = Resolver(answers, Records(Path(arguments[0])))
    udp, tcp = datagrams.listen(LAB.dns_port), datagrams.listen_tcp(LAB.dns_port)
    threading.Thread(target=serve_tcp, args=(resolver, tcp), daemon=True).start()
    ready()
    serve_udp(resolver, udp)


if __name__ == "__main__":
    main(sys.argv[1:])
