"""Sends unsolicited packets to whoever knocks: to a port, for somebody else, in its own name, advertisements.

usage: python3 -m nsguard_harness.inside.knock PORT

A knock is a datagram of a word and a token; what the word asks for goes back the way the knock came.
"""

from __future__ import annotations

import socket
import struct
import sys

from ..addresses import LAB
from ..attacks import _packets
from . import datagrams
from .notify import ready

ICMPV6, UNICAST_HOPS = 58, 16  # linux/in6.h: IPV6_UNICAST_HOPS
ADVERTISEMENT = 134


def unasked(knock: datagrams.Datagram, device: str) -> None:
    """The knock itself, to the port it came from, but by another socket and so from another port."""
    with _socket(socket.SOCK_DGRAM, device) as udp:
        udp.sendto(knock.data, knock.peer)


def passing(knock: datagrams.Datagram, device: str) -> None:
    """The knock, addressed to a host behind the one that knocked, which must not forward it."""
    with _socket(socket.SOCK_DGRAM, device) as udp:
        udp.sendto(knock.data, ("::ffff:" + LAB.passing, LAB.echo_port))


def advertise(knock: datagrams.Datagram, device: str) -> None:
    """A router advertisement with a prefix on the link (RFC 4861 §4.2, §4.6.2): no router, valid for a minute."""
    header = struct.pack("!BBHBBHII", ADVERTISEMENT, 0, 0, 64, 0, 0, 0, 0)
    prefix = socket.inet_pton(socket.AF_INET6, LAB.advertised.partition("/")[0])
    option = struct.pack("!BBBBIII16s", 3, 4, 64, 0x80, 60, 60, 0, prefix)
    with _socket(socket.SOCK_RAW, device, ICMPV6) as icmp:
        icmp.setsockopt(socket.IPPROTO_IPV6, UNICAST_HOPS, 255)
        icmp.bind((_link_local(device), 0, 0, socket.if_nametoindex(device)))
        icmp.sendto(header + option, (knock.peer[0], 0, 0, 0))


def yourself(knock: datagrams.Datagram, device: str) -> None:
    """The knock, to the port that its last word names, as if its sender sent it to itself; over IPv6."""
    address, port = knock.peer[:2]
    packet = _packets.udp(address, address, (port, int(knock.data.split()[-1])), knock.data)
    with _socket(socket.SOCK_RAW, device, socket.IPPROTO_RAW) as raw:
        raw.sendto(packet, (address, 0, 0, 0))


def _link_local(device: str) -> str:
    with open("/proc/net/if_inet6", encoding="ascii") as addresses:
        for packed, _, _, scope, _, name in map(str.split, addresses):
            if (name, scope) == (device, "20"):
                return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(packed))
    raise OSError(f"{device} has no link-local address")


def _socket(kind: int, device: str, protocol: int = 0) -> socket.socket:
    sock = socket.socket(socket.AF_INET6, kind, protocol)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    return sock


def serve(port: int) -> None:
    """Answer knocks for ever."""
    words = {b"unasked": unasked, b"passing": passing, b"advertise": advertise, b"yourself": yourself}
    with datagrams.listen(port) as udp:
        ready()
        while True:
            knock = datagrams.receive(udp)
            came_by_tunnel = datagrams.plain(knock.peer[0]) in LAB.tunnel_client
            try:
                words[knock.data.split()[0]](knock, "wg0" if came_by_tunnel else "eth0")
            except (OSError, LookupError) as error:
                print(f"knock: {error!r}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
