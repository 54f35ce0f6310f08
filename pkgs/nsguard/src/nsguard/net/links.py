"""Links: the addresses, routes and MTU that a link has, and those that a configuration asks for."""

from __future__ import annotations

from nsguard.net import namespace
from nsguard.spec.model import DEFAULT_MTU, Config
from nsguard.system import process, quick_json
from nsguard.system.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypeVar

    from nsguard.spec.model import Address, Interface, Network

    T = TypeVar("T", bound=Interface | Network)


class Shape(NamedTuple):
    """A link's addresses and routes, and its MTU in bytes."""

    addresses: frozenset[Interface]
    routes: frozenset[Network]
    mtu: int


def intended(config: Config) -> Shape:
    """The shape that a config asks for."""
    routes = frozenset(network for peer in config.peers for network in peer.allowed_ips)
    return Shape(frozenset(config.addresses), routes, config.mtu or DEFAULT_MTU)


def of(name: str, link: str) -> Shape:
    """The shape that a link in namespace `name` has now. Raises `CommandFailed`."""
    from ipaddress import ip_network  # imported here as in `spec.values`

    info = shown(name, link)
    routes: set[Network] = set()
    for family, everything in (("-4", "0.0.0.0/0"), ("-6", "::/0")):
        routes_info = quick_json.loads(
            process.ask("ip", "-n", name, "-j", family, "route", "show", "dev", link, "proto", "static")
        )
        routes |= {ip_network(everything if route["dst"] == "default" else route["dst"]) for route in routes_info}
    return Shape(_addresses(info), frozenset(routes), info["mtu"])


def loopback(addresses: Iterable[Address]) -> frozenset[Interface]:
    """Addresses in the form in which the loopback interface has them; without IPv6 if this kernel has none."""
    from ipaddress import ip_interface

    return frozenset(ip_interface(address) for address in addresses if address.version == 4 or namespace.has_ipv6())


def beside_loopback(name: str) -> frozenset[Interface]:
    """Addresses of lo in namespace `name` that are not in 127.0.0.0/8 and not ::1. Raises `CommandFailed`."""
    return frozenset(address for address in _addresses(shown(name, "lo")) if not address.is_loopback)


def shown(name: str | None, link: str) -> Any:
    """A link in namespace `name`, or in the host's if it is None: ip(8)'s JSON of it. Raises `CommandFailed`."""
    (info,) = quick_json.loads(process.ask(*ip(name), "-j", "address", "show", "dev", link))
    return info


def _addresses(info: Any) -> frozenset[Interface]:
    from ipaddress import ip_interface

    return frozenset(
        ip_interface(f"{address['local']}/{address['prefixlen']}")
        for address in info["addr_info"]
        if address["scope"] != "link"
    )


def address_lines(verb: str, addresses: Iterable[Interface], link: str) -> list[str]:
    """Commands for `batch` that add, replace or delete (`verb`) addresses of a link."""
    nodad = " nodad" if verb != "del" else ""  # no duplicate can exist: the link has no other machine on it
    return [
        f"address {verb} {address} dev {link}{nodad if address.version == 6 else ''}" for address in ordered(addresses)
    ]


def ip(name: str | None) -> list[str]:
    """The first words of an ip(8) command for namespace `name`, or for the host's if it is None."""
    return ["ip"] if name is None else ["ip", "-n", name]


def batch(name: str | None, lines: list[str]) -> None:
    """Run ip(8) once for all lines, in namespace `name`, or in the host's if it is None. Raises `CommandFailed`."""
    commands = [" ".join([*ip(name), line]) for line in lines]
    process.change(*ip(name), "-batch", "-", stdin="\n".join([*lines, ""]), shown=commands)


def ordered(items: Iterable[T]) -> list[T]:
    """IPv4 first, then by address, so that each run logs the same lines in the same order."""
    return sorted(items, key=lambda item: (item.version, item))
