"""The shape of a tunnel's link, as it is and as it is wanted."""

import json
from ipaddress import ip_interface, ip_network
from typing import NamedTuple

from nsguard import process
from nsguard.model import DEFAULT_MTU, Config, Interface, Network


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
    (shown,) = json.loads(process.ask("ip", "-n", name, "-j", "address", "show", "dev", link))
    addresses: set[Interface] = {
        ip_interface(f"{info['local']}/{info['prefixlen']}") for info in shown["addr_info"] if info["scope"] != "link"
    }
    routes: set[Network] = set()
    for family, everything in (("-4", "0.0.0.0/0"), ("-6", "::/0")):
        listed = json.loads(
            process.ask("ip", "-n", name, "-j", family, "route", "show", "dev", link, "proto", "static")
        )
        routes |= {ip_network(everything if info["dst"] == "default" else info["dst"]) for info in listed}
    return Shape(frozenset(addresses), frozenset(routes), shown["mtu"])
