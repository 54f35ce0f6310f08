"""This host as it is: its uplinks, its addresses, and the namespace under test. Nothing is changed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute

from .. import inspection
from ..errors import HarnessError
from ..machine import ask
from ..verdict.frames import Address

PROGRAMS = ("tcpdump", "nsenter", "setpriv", "systemctl", "systemd-run")
# kinds of links that lead to other parts of the same machine, unless the default route says otherwise
INTERNAL = {"veth", "bridge", "dummy", "ifb", "nlmon", "netdevsim"}
IFF_UP, IFF_LOOPBACK = 0x1, 0x8  # netdevice(7)
INTERFACE = "wg0"


@dataclass(frozen=True)
class Link:
    """A link of the host. kind: as ip-link(8) has it, empty for hardware; addresses: with their prefix lengths."""

    name: str
    kind: str
    up: bool
    loopback: bool
    physical: bool
    default: bool
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tunnel:
    """A namespace's tunnel as the kernel has it. carries: the prefixes that it has routes for.

    enforced: whether questions to any resolver are led to those of the tunnel, or nowhere.
    """

    addresses: frozenset[Address]
    listen_port: int
    endpoints: frozenset[tuple[Address, int]]
    carries: tuple[IPv4Network | IPv6Network, ...]
    resolvers: tuple[str, ...]
    enforced: bool = True

    def reaches(self, address: str) -> bool:
        """Whether what is sent to an address goes into the tunnel."""
        return any(ip_address(address) in network for network in self.carries)


class Host:
    """This host, with the methods of a machine by which agents and files are reached. name: for messages."""

    name = "host"

    def path(self, inside: str) -> Path:
        """The same path."""
        return Path(inside)

    def ask(self, path: str, line: bytes, timeout: float) -> bytes:
        """Send a line to a Unix socket and return the answer, as Machine.ask does."""
        return ask(Path(path), line, timeout)


def check(namespace: str) -> None:
    """Raise HarnessError, one line, where this host lacks what a run needs."""
    if os.geteuid():
        raise HarnessError("live: to capture and to enter a namespace needs root; run it with sudo")
    if missing := [program for program in PROGRAMS if shutil.which(program) is None]:
        raise HarnessError(
            f"live: {', '.join(missing)} not found; install it, nothing can be captured or tried without"
        )
    if not Path("/run/systemd/system").is_dir():
        raise HarnessError("live: systemd does not run this host, so no service here is confined by it")
    if not Path("/run/netns", namespace).exists():
        there = ", ".join(sorted(path.name for path in Path("/run/nsguard").glob("*"))) or "none"
        raise HarnessError(f"live: there is no namespace {namespace}; nsguard has made: {there}")


def tunnel(namespace: str) -> Tunnel:
    """Look at a namespace's tunnel. Raises HarnessError where there is none that is up."""
    host = Host()
    try:
        seen = inspection.namespace(host, namespace)
        record = json.loads(host.path(f"/run/nsguard/{namespace}/tunnel.json").read_text())
        endpoints = {(ip_address(address), int(port)) for address, port in record["endpoints"]}
        port = inspection.listen_port(host, namespace)
        resolv_conf = host.path(f"/run/nsguard/{namespace}/inside/resolv.conf").read_text()
    except (OSError, ValueError, KeyError, StopIteration) as error:
        # A tunnel that is down has no record.
        reason = "" if isinstance(error, FileNotFoundError) else f" ({type(error).__name__}: {error})"
        raise HarnessError(
            f"live: namespace {namespace} has no tunnel that is up{reason}; see `nsguard status {namespace}`, "
            f"then start nsguard-tunnel-{namespace}.service"
        ) from error
    if INTERFACE not in seen.links:
        raise HarnessError(
            f"live: {INTERFACE} is not in namespace {namespace}; restart nsguard-tunnel-{namespace}.service"
        )
    addresses = (ip_address(prefix.split("/")[0]) for link, prefix in seen.addresses if link == INTERFACE)
    routes = [prefix for link, prefix in seen.routes if link == INTERFACE]
    return Tunnel(
        frozenset(addresses),
        port,
        frozenset(endpoints),
        tuple(network for prefix in routes for network in _networks(prefix, seen.addresses)),
        tuple(line.split()[1] for line in resolv_conf.splitlines() if line.startswith("nameserver ")),
        bool(record["enforce_dns"]),
    )


def _networks(prefix: str, addresses: frozenset[tuple[str, str]]) -> list[IPv4Network | IPv6Network]:
    """A route's networks; a default route is of each family that the tunnel has an address of."""
    if prefix != "default":
        return [ip_network(prefix)]
    families = {ip_address(address.split("/")[0]).version for link, address in addresses if link == INTERFACE}
    return [ip_network({4: "0.0.0.0/0", 6: "::/0"}[family]) for family in sorted(families)]


def links() -> list[Link]:
    """Every link in the host's network namespace."""
    with IPRoute() as ip:
        default = {oif for family in (2, 10) for route in ip.get_routes(family=family) for oif in _default(route)}
        addresses: dict[int, list[str]] = {}
        for address in ip.get_addr():
            if not str(address.get("address")).startswith("fe80:"):
                addresses.setdefault(address["index"], []).append(f"{address.get('address')}/{address['prefixlen']}")
        return [
            Link(
                link.get("ifname"),
                link.get(("linkinfo", "kind")) or "",
                bool(link["flags"] & IFF_UP) and link.get("operstate") != "DOWN",
                bool(link["flags"] & IFF_LOOPBACK),
                Path("/sys/class/net", link.get("ifname"), "device").exists(),
                link["index"] in default,
                tuple(addresses.get(link["index"], ())),
            )
            for link in ip.get_links()
        ]


def _default(route: Any) -> list[int]:
    """The links that a default route leads to; none for another."""
    if route["dst_len"]:
        return []
    hops = [hop.get("oif") for hop in route.get("multipath") or ()]
    return [oif for oif in (route.get("oif"), *hops) if oif]


def uplinks(candidates: Sequence[Link]) -> list[Link]:
    """The links that lead out of the machine, those of a default route first. Raises HarnessError if there are none."""
    out = [
        link
        for link in candidates
        if link.up and not link.loopback and (link.physical or link.default or link.kind not in INTERNAL)
    ]
    if not out:
        raise HarnessError(
            "live: no uplink of this host is up: nothing could leave, and nothing can be captured or proved"
        )
    return sorted(out, key=lambda link: not link.default)


def known_prefixes() -> list[str]:
    """Every prefix that this host has a route or an address for."""
    with IPRoute() as ip:
        routes = [f"{route.get('dst')}/{route['dst_len']}" for route in ip.get_routes() if route["dst_len"]]
        return routes + [f"{address.get('address')}/{address['prefixlen']}" for address in ip.get_addr()]
