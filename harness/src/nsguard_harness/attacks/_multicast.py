"""Datagrams to groups and broadcast addresses, by each interface in sight."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from contextlib import suppress

from ..attack import Env, Outcome
from . import _tools


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
