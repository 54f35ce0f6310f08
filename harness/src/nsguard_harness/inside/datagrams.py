"""UDP on every address of a machine: each datagram with the local address it came to, each answer from that address."""

from __future__ import annotations

import ipaddress
import socket
import struct
from typing import NamedTuple

IPV6_RECVPKTINFO = 49  # linux/in6.h; Python's socket module has it, but not everywhere
IPV6_PKTINFO = 50
# struct in6_pktinfo (ipv6(7)): address, interface index
PKTINFO = struct.Struct("=16si")


class Datagram(NamedTuple):
    """peer: what to send the answer to; local: the packed IPv6 (or v4-mapped) address it came to."""

    data: bytes
    peer: tuple[str, int, int, int]
    local: bytes


def plain(address: str | bytes) -> str:
    """An address without the v4-mapped form (RFC 4291, 2.5.5.2) and without a zone."""
    parsed = ipaddress.ip_address(address.split("%")[0] if isinstance(address, str) else address)
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def listen(port: int) -> socket.socket:
    """A socket for both families on all addresses, present and to come."""
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    udp.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
    udp.bind(("::", port))
    return udp


def receive(udp: socket.socket) -> Datagram:
    """Wait for one datagram."""
    data, ancillary, _, peer = udp.recvmsg(65535, socket.CMSG_SPACE(PKTINFO.size))
    for level, kind, value in ancillary:
        if (level, kind) == (socket.IPPROTO_IPV6, IPV6_PKTINFO):
            return Datagram(data, peer, PKTINFO.unpack(value[: PKTINFO.size])[0])
    return Datagram(data, peer, bytes(16))


def answer(udp: socket.socket, to: Datagram, data: bytes) -> None:
    """Answer from the address the datagram came to; an unreachable peer is no error of the server's."""
    try:
        control = [(socket.IPPROTO_IPV6, IPV6_PKTINFO, PKTINFO.pack(to.local, 0))]
        udp.sendmsg([data], control, 0, to.peer)
    except OSError:
        return


def listen_tcp(port: int) -> socket.socket:
    """A listening socket for both families on all addresses."""
    return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
