"""The shape of a tunnel's link, as it is and as it is wanted."""

import json
from collections.abc import Iterable
from ipaddress import ip_interface, ip_network
from typing import Any, NamedTuple, TypeVar

from nsguard.net import namespace
from nsguard.spec.model import DEFAULT_MTU, Address, Config, Interface, Network
from nsguard.system import process

T = TypeVar("T", bound=Interface | Network)


class Shape(NamedTuple):
    """A link's addresses and routes, and its MTU in bytes."""

    addresses: frozenset[Interface]
    routes: frozenset[Network]
    mtu: int


def wanted(config: Config) -> Shape:
    """The shape that a config asks for."""
    routes = frozenset(network for peer in config.peers for network in peer.allowed_ips)
    return Shape(frozenset(config.addresses), routes, config.mtu or DEFAULT_MTU)


def of(name: str, link: str) -> Shape:
    """The shape of a link in namespace `name`. Raises `CommandFailed`."""
    it = shown(name, link)
    routes: set[Network] = set()
    for family, everything in (("-4", "0.0.0.0/0"), ("-6", "::/0")):
        listed = json.loads(
            process.ask("ip", "-n", name, "-j", family, "route", "show", "dev", link, "proto", "static")
        )
        routes |= {ip_network(everything if info["dst"] == "default" else info["dst"]) for info in listed}
    return Shape(_addresses(it), frozenset(routes), it["mtu"])


def loopback(addresses: Iterable[Address]) -> frozenset[Interface]:
    """How addresses are to stand on the loopback interface, of those that this kernel can have."""
    return frozenset(ip_interface(one) for one in addresses if one.version == 4 or namespace.has_ipv6())


def beside_loopback(name: str) -> frozenset[Interface]:
    """What stands on the loopback interface of namespace `name` beside its usual addresses. Raises `CommandFailed`."""
    return frozenset(one for one in _addresses(shown(name, "lo")) if not one.is_loopback)


def shown(name: str | None, link: str) -> Any:
    """A link in the namespace of a name, or for None in the host's, as ip(8) shows it. Raises `CommandFailed`."""
    (it,) = json.loads(process.ask(*ip(name), "-j", "address", "show", "dev", link))
    return it


def _addresses(it: Any) -> frozenset[Interface]:
    return frozenset(
        ip_interface(f"{info['local']}/{info['prefixlen']}") for info in it["addr_info"] if info["scope"] != "link"
    )


def address_lines(verb: str, addresses: Iterable[Interface], link: str) -> list[str]:
    """What adds, replaces or deletes addresses of a link, for `batch`."""
    nodad = " nodad" if verb != "del" else ""  # nobody else is on the link
    return [f"address {verb} {a} dev {link}{nodad if a.version == 6 else ''}" for a in ordered(addresses)]


def ip(name: str | None) -> list[str]:
    """ip(8) in the namespace of a name; for None in the host's."""
    return ["ip"] if name is None else ["ip", "-n", name]


def batch(name: str | None, lines: list[str]) -> None:
    """Have ip(8) do all of it in namespace `name`, or the host's. Raises `CommandFailed`."""
    shown = [" ".join([*ip(name), line]) for line in lines]
    process.change(*ip(name), "-batch", "-", stdin="\n".join([*lines, ""]), shown=shown)


def ordered(items: Iterable[T]) -> list[T]:
    """IPv4 first, then by address: each run says the same lines."""
    return sorted(items, key=lambda item: (item.version, item))
