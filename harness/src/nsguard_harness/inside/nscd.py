"""A recording stand-in for glibc's nscd: the socket through which look-ups leave a network namespace.

usage: python3 -m nsguard_harness.inside.nscd SOCKET RECORDS RESOLVER

It speaks version 2 of nscd's protocol (glibc, nscd/nscd-client.h) for the requests about hosts, asks the resolver by
UDP as a process of the host, and closes the connection for any other request: glibc then looks the name up itself.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import socket
import socketserver
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

from ..addresses import LAB
from . import dnswire
from .notify import ready
from .records import Records

# enum request_type
REQUESTS = {4: "GETHOSTBYNAME", 5: "GETHOSTBYNAMEv6", 14: "GETAI"}
VERSION = 2
REQUEST = struct.Struct("=3i")  # request_header: version, type, key_len
# hst_response_header: version, found, h_name_len, h_aliases_cnt, h_addrtype, h_length, h_addr_list_cnt, error
HOST_RESPONSE = struct.Struct("=8i")
AI_RESPONSE = struct.Struct("=6i")  # ai_response_header: version, found, naddrs, addrslen, canonlen, error
HOST_NOT_FOUND = 1  # netdb.h
DNS_SECONDS = 2.0


def host_response(name: str, family: int, addresses: Sequence[str]) -> bytes:
    """The answer to gethostbyname: header, name, no aliases, addresses of one family."""
    length = 4 if family == socket.AF_INET else 16
    if not addresses:
        return HOST_RESPONSE.pack(VERSION, 0, 0, 0, -1, -1, 0, HOST_NOT_FOUND)
    text = name.encode() + b"\0"
    header = HOST_RESPONSE.pack(VERSION, 1, len(text), 0, family, length, len(addresses), 0)
    return header + text + b"".join(ipaddress.ip_address(address).packed for address in addresses)


def ai_response(name: str, addresses: Sequence[str]) -> bytes:
    """The answer to getaddrinfo: header, addresses, a byte of family for each, the canonical name."""
    if not addresses:
        return AI_RESPONSE.pack(VERSION, 0, 0, 0, 0, HOST_NOT_FOUND)
    packed = [ipaddress.ip_address(address).packed for address in addresses]
    text = name.encode() + b"\0"
    families = bytes(socket.AF_INET if len(data) == 4 else socket.AF_INET6 for data in packed)
    body = b"".join(packed)
    return AI_RESPONSE.pack(VERSION, 1, len(packed), len(body), len(text), 0) + body + families + text


def look_up(resolver: str, name: str, kind: str) -> list[str]:
    """Ask a resolver by UDP; nothing when it does not answer."""
    identity = secrets.randbelow(0x10000)
    family = socket.AF_INET6 if ":" in resolver else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.settimeout(DNS_SECONDS)
        try:
            udp.connect((resolver, LAB.dns_port))
            udp.send(dnswire.encode_query(dnswire.Query(identity, name, kind)))
            return dnswire.decode_addresses(udp.recv(65535), identity)
        except (OSError, ValueError):
            return []


class Handler(socketserver.StreamRequestHandler):
    """One request."""

    server: Nscd

    def handle(self) -> None:
        """Answer a request about hosts; leave any other to glibc."""
        header = self.rfile.read(REQUEST.size)
        if len(header) < REQUEST.size:
            return
        version, number, length = REQUEST.unpack(header)
        if version != VERSION or number not in REQUESTS or not 0 < length <= 1024:
            return
        name = self.rfile.read(length).rstrip(b"\0").decode(errors="replace")
        self.server.records.add(request=REQUESTS[number], name=name)
        self.wfile.write(self._answer(REQUESTS[number], name))

    def _answer(self, request: str, name: str) -> bytes:
        def ask(kind: str) -> list[str]:
            return look_up(self.server.resolver, name, kind)

        match request:
            case "GETHOSTBYNAME":
                return host_response(name, socket.AF_INET, ask("A"))
            case "GETHOSTBYNAMEv6":
                return host_response(name, socket.AF_INET6, ask("AAAA"))
            case _:
                return ai_response(name, ask("AAAA") + ask("A"))


class Nscd(socketserver.ThreadingUnixStreamServer):
    """The service; everyone may connect, as with the real one."""

    daemon_threads = True

    def __init__(self, path: Path, records: Records, resolver: str) -> None:
        self.records, self.resolver = records, resolver
        path.unlink(missing_ok=True)
        super().__init__(str(path), Handler)
        os.chmod(path, 0o666)


if __name__ == "__main__":
    service = Nscd(Path(sys.argv[1]), Records(Path(sys.argv[2])), sys.argv[3])
    ready()
    service.serve_forever()
