"""The parts of netlink that attacks need (netlink(7), rtnetlink(7)). The standard library only."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

NETLINK_ROUTE, NETLINK_SOCK_DIAG = 0, 4
ERROR, DONE = 2, 3
REQUEST, ACK, CREATE, EXCLUSIVE, DUMP = 1, 4, 0x400, 0x200, 0x300
RTM_NEWLINK, RTM_DELLINK, RTM_GETADDR, RTM_NEWNSID = 16, 17, 22, 88
SOCK_DIAG_BY_FAMILY = 20
# linux/if_link.h, linux/net_namespace.h; a nested attribute is one of attributes
IFLA_IFNAME, IFLA_LINK, IFLA_LINKINFO, IFLA_LINK_NETNSID = 3, 5, 18, 37
IFLA_INFO_KIND = 1
NETNSA_NSID, NETNSA_FD = 1, 3
HEADER = struct.Struct("=IHHII")
LINK = struct.Struct("=BxHiII")  # struct ifinfomsg


def dump(kind: int, body: bytes, protocol: int = NETLINK_ROUTE) -> Iterator[bytes]:
    """The messages of a dump, without their headers. Raises OSError."""
    yield from _exchange(kind, REQUEST | DUMP, body, protocol)


def ask(kind: int, flags: int, body: bytes) -> None:
    """Send a request and wait for the kernel's acknowledgement. Raises OSError when the request fails."""
    for _ in _exchange(kind, REQUEST | ACK | flags, body, NETLINK_ROUTE):
        pass


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, padded to four bytes."""
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def number_namespace(path: str, number: int) -> None:
    """Give the namespace at a path a number in this one, unless it has a number already. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        namespace = attribute(NETNSA_NSID, struct.pack("=i", number)) + attribute(
            NETNSA_FD, struct.pack("=I", descriptor)
        )
        ask(RTM_NEWNSID, CREATE, bytes(4) + namespace)
    except FileExistsError:
        return
    finally:
        os.close(descriptor)


def macvlan(name: str, link: int, namespace: int) -> None:
    """Make a macvlan here on a link of a namespace with a number. Raises OSError."""
    attributes = attribute(IFLA_IFNAME, name.encode() + b"\0") + attribute(IFLA_LINK, struct.pack("=I", link))
    attributes += attribute(IFLA_LINK_NETNSID, struct.pack("=i", namespace))
    attributes += attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, b"macvlan"))
    ask(RTM_NEWLINK, CREATE | EXCLUSIVE, LINK.pack(0, 0, 0, 0, 0) + attributes)


def delete_link(name: str) -> None:
    """Delete a link. Raises OSError."""
    ask(RTM_DELLINK, 0, LINK.pack(0, 0, 0, 0, 0) + attribute(IFLA_IFNAME, name.encode() + b"\0"))


def _exchange(kind: int, flags: int, body: bytes, protocol: int) -> Iterator[bytes]:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as netlink:
        netlink.settimeout(1)
        netlink.sendto(HEADER.pack(HEADER.size + len(body), kind, flags, 1, 0) + body, (0, 0))
        while True:
            data = netlink.recv(1 << 16)
            while data:
                length, answer_kind, *_ = HEADER.unpack_from(data)
                message, data = data[HEADER.size : length], data[(length + 3) & ~3 :]
                if answer_kind == ERROR:
                    code = -struct.unpack_from("=i", message)[0]
                    if code:
                        raise OSError(code, os.strerror(code))
                    return
                if answer_kind == DONE:
                    return
                yield message
