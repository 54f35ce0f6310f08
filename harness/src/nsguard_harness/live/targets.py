"""Where tokens are sent: addresses that documents use and nobody has (RFC 5737, RFC 3849)."""

from __future__ import annotations

import random
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network

from ..addresses import Pair
from ..errors import HarnessError

RANGES4 = tuple(map(IPv4Network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))
RANGE6 = IPv6Network("2001:db8::/32")
Network = IPv4Network | IPv6Network
# a route as wide as these says nothing of who is there: 0.0.0.0/1 and 128.0.0.0/1 are a VPN's default, 2000::/3 is one
WIDE = {4: 1, 6: 3}


class Targets:
    """Hands out pairs of addresses, each once: a frame to or from one is known by it, token or not."""

    def __init__(self, known: Iterable[str]) -> None:
        """known: every prefix that the host or the tunnel has a route or an address for. Raises HarnessError."""
        used = [
            network
            for network in (ip_network(prefix, strict=False) for prefix in known)
            if network.prefixlen > WIDE[network.version]
        ]
        free4 = [network for network in RANGES4 if not _overlaps(network, used)]
        if not free4:
            raise HarnessError(
                "live: this host has routes into all documentation ranges (RFC 5737); none is left to use"
            )
        self._free = [host for network in free4 for host in network.hosts()]
        random.shuffle(self._free)
        while _overlaps(network6 := _some_network(), used):
            pass
        self._prefix = int(network6.network_address)

    def take(self) -> Pair:
        """The next pair. Raises HarnessError when there are no more."""
        if not self._free:
            raise HarnessError("live: no documentation address is left; choose fewer attacks by --attack")
        return Pair(str(self._free.pop()), str(IPv6Address(self._prefix | random.getrandbits(64))))


def _some_network() -> IPv6Network:
    return IPv6Network((int(RANGE6.network_address) | random.getrandbits(32) << 64, 64))


def _overlaps(network: Network, others: Iterable[Network]) -> bool:
    return any(type(network) is type(other) and network.overlaps(other) for other in others)
