"""To everybody on the wire: multicast DNS, LLMNR, broadcast, all nodes."""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import ClassVar

from ..attack import Attack, Env, Outcome
from . import _tools


class _Group(Attack):
    """Send to one address per family by each interface in sight. The tunnel's far end must not receive it either."""

    silent = True
    every_state = True
    group4: ClassVar[str]
    group6: ClassVar[str]
    port: ClassVar[int]

    def run(self, env: Env) -> Outcome:
        group = self.group6 if env.family == 6 else self.group4
        return by_each_interface(env, group, self.port, self.message(env))

    def message(self, env: Env) -> bytes:
        """The datagram to send."""
        return _tools.payload(env)


class MulticastDns(_Group):
    """Claim: a multicast DNS question does not reach the uplink's network.

    Method: a question for TOKEN.local to 224.0.0.251 and ff02::fb, by each interface in sight (RFC 6762 §3).
    Limitations: sockets only; avahi's and resolved's own are other attacks.
    Source: RFC 6762.
    """

    name = "mdns"
    group4, group6, port = "224.0.0.251", "ff02::fb", 5353

    def message(self, env: Env) -> bytes:
        return _tools.question(f"{env.token}.local", env.family)


class Llmnr(_Group):
    """Claim: a link-local multicast name resolution question does not reach the uplink's network.

    Method: a question for the token to 224.0.0.252 and ff02::1:3, by each interface in sight (RFC 4795 §2).
    Limitations: as mdns.
    Source: RFC 4795.
    """

    name = "llmnr"
    group4, group6, port = "224.0.0.252", "ff02::1:3", 5355

    def message(self, env: Env) -> bytes:
        return _tools.question(env.token, env.family)


class AllNodes(_Group):
    """Claim: a datagram to all nodes of the link does not reach the uplink's network.

    Method: the token to 224.0.0.1 and ff02::1, by each interface in sight.
    Limitations: group membership reports (IGMP, MLD) hold no token; the judge condemns them as nobody's.
    Source: RFC 1112, RFC 4291 §2.7.1.
    """

    name = "all-nodes"
    group4, group6, port = "224.0.0.1", "ff02::1", 7


class BroadcastLimited(_Group):
    """Claim: a limited broadcast does not reach the uplink's network.

    Method: the token to 255.255.255.255, by each interface in sight.
    Limitations: IPv4 only: IPv6 has none, see all-nodes.
    Source: RFC 919.
    """

    name = "broadcast-limited"
    families = (4,)
    group4, port = "255.255.255.255", 7


class BroadcastDirected(_Group):
    """Claim: a broadcast to the uplink's network does not reach it.

    Method: the token to the network's broadcast address, by each interface in sight.
    Limitations: IPv4 only, as broadcast-limited.
    Source: RFC 919.
    """

    name = "broadcast-directed"
    silent = False  # for the tunnel this is an address like any other
    families = (4,)
    port = 7

    def run(self, env: Env) -> Outcome:
        network = ipaddress.ip_network(env.addresses.lan.v4)
        return by_each_interface(env, str(network.broadcast_address), self.port, self.message(env))


def by_each_interface(env: Env, group: str, port: int, message: bytes, source: int = 0) -> Outcome:
    """Send a datagram to a group or broadcast address by each interface in sight, from a port if that is allowed."""
    reports = []
    for interface in _tools.interfaces():
        try:
            _send(env.family, group, port, socket.if_nametoindex(interface), message, source)
        except OSError as error:
            reports.append(f"{interface}: {error.strerror}")
        else:
            reports.append(f"{interface}: sent")
    return Outcome(any(line.endswith("sent") for line in reports), _joined(reports))


def _send(family: int, group: str, port: int, index: int, message: bytes, source: int) -> None:
    with socket.socket(_tools.inet(family), socket.SOCK_DGRAM) as udp:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(PermissionError):
            udp.bind(("", source))
        if family == 6:
            udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            udp.sendto(message, (group, port, 0, index))
            return
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        udp.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", bytes(4), bytes(4), index))
        udp.sendto(message, (group, port))


def _joined(reports: Iterable[str]) -> str:
    return ", ".join(reports) or "no interface in sight"
