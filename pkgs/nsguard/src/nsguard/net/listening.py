"""Sockets that listen inside a namespace, with their addresses and ports."""

import contextlib
import ipaddress
import os
import socket
import sys
from collections.abc import Container, Iterable

from nsguard.net import namespace
from nsguard.system.record import NamedTuple

# TCP_LISTEN, and the state of a UDP socket that is not connected, as /proc/net shows them (proc_net_tcp.rst)
_LISTENING = {"tcp": "0A", "udp": "07"}


class Listener(NamedTuple):
    """A socket that takes connections or datagrams. inode: identifies the socket among the descriptors of processes."""

    address: str
    port: int
    inode: int

    def answers(self, address: str) -> bool:
        """Whether a connection to `address` reaches the socket: it listens at that address, or at all addresses."""
        return self.address in (address, "0.0.0.0", "::")  # noqa: S104 (compared, not bound)


def listeners(name: str | None, protocol: str = "tcp") -> list[Listener]:
    """The listeners of a protocol, "tcp" or "udp", in namespace `name`, which is up, or on the host if it is None."""
    rows = []
    for suffix, family in (("", socket.AF_INET), ("6", socket.AF_INET6)):
        file = f"/proc/thread-self/net/{protocol}{suffix}"
        with namespace.maybe_entered(name), contextlib.suppress(FileNotFoundError), open(file) as lines:
            for line in list(lines)[1:]:
                words = line.split()
                if words[3] == _LISTENING[protocol]:
                    address, port = words[1].split(":")
                    rows.append(Listener(_address(address, family), int(port, 16), int(words[9])))
    return rows


def answered(
    all_listeners: Iterable[Listener], ports: Container[int], addresses: Iterable[str]
) -> tuple[bool, list[str]]:
    """Whether a socket listens on one of `ports` at one of `addresses`; if not, at which other addresses it listens."""
    at_port = [listener for listener in all_listeners if listener.port in ports]
    is_answered = any(listener.answers(address) for listener in at_port for address in addresses)
    return is_answered, [] if is_answered else sorted({listener.address for listener in at_port})


def _address(digits: str, family: socket.AddressFamily) -> str:
    """An address from hexadecimal words of 32 bits, each in the byte order of this machine."""
    words = [int(digits[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(digits), 8)]
    address = ipaddress.ip_address(socket.inet_ntop(family, b"".join(words)))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def owners(listeners: Iterable[Listener], pids: Iterable[int]) -> dict[Listener, int]:
    """Listener → the first process of `pids` that holds it. One that only others hold, such as systemd, is left out."""
    sockets = {f"socket:[{listener.inode}]": listener for listener in listeners}
    holders: dict[Listener, int] = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            for descriptor in os.listdir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    listener = sockets.get(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
                    if listener is not None:
                        holders.setdefault(listener, pid)
    return holders


def ephemeral(name: str) -> range:
    """The ports that the kernel assigns to sockets that request any port (ip(7), ip_local_port_range)."""
    with namespace.entered(name), open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        first, last = map(int, file.read().split())
    return range(first, last + 1)
