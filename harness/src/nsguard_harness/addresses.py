"""The addresses of the lab, the only place that holds them.

Documentation ranges (RFC 5737, RFC 3849) and private ones (RFC 1918, RFC 4193). 192.0.2.0/24 is left out: hosts were
seen to use it for their own uplink.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Pair(NamedTuple):
    """One host's addresses, IPv4 and IPv6."""

    v4: str
    v6: str

    def of(self, family: int) -> str:
        """The address of a family, 4 or 6."""
        return {4: self.v4, 6: self.v6}[family]


class Addresses(NamedTuple):
    """All addresses of a lab. Prefixes are those of the wire; the client's tunnel addresses are single (/32, /128)."""

    lan: Pair = Pair("198.51.100.0/24", "2001:db8:51::/64")
    client: Pair = Pair("198.51.100.2", "2001:db8:51::2")
    # gateway, host on the uplink's network, and resolver of the uplink
    server: Pair = Pair("198.51.100.1", "2001:db8:51::1")
    beyond: Pair = Pair("203.0.113.0/24", "2001:db8:113::/64")
    web: Pair = Pair("203.0.113.80", "2001:db8:113::80")
    endpoint: Pair = Pair("203.0.113.51", "2001:db8:113::51")
    tunnel_server: Pair = Pair("10.66.0.1", "fd66::1")
    tunnel_client: Pair = Pair("10.66.0.2", "fd66::2")
    # the answers of the two resolvers, which show who was asked; the web server has both addresses
    answer_uplink: Pair = Pair("203.0.113.81", "2001:db8:113::81")
    answer_tunnel: Pair = Pair("203.0.113.80", "2001:db8:113::80")
    # a host that an exception may lead to
    granted: Pair = Pair("203.0.113.90", "2001:db8:113::90")
    # addresses that no machine has: a target of packets to be forwarded, and a prefix to be advertised
    passing: str = "203.0.113.99"
    advertised: str = "2001:db8:5eed::/64"
    endpoint_port: int = 51820
    # the port that the endpoint's server sends from when it roams
    roaming_port: int = 51999
    knock_port: int = 40405
    # the port that the far end of the tunnel grants on request
    forwarded_port: int = 51413
    # the host's port for the web server in the namespace, in the scenario that publishes it
    published_port: int = 8091
    # the port of an echo server in the namespace that is published by the host link
    linked_port: int = 9091
    # the host's ports that only some clients may use: by a proxy, by a proxy at all addresses, and by the host link
    narrowed_ports: tuple[int, int, int] = (8093, 8094, 8095)
    # ranges of ports, first and last: published by proxies, by the host link, and open to the tunnel's far end
    proxied_range: tuple[int, int] = (8101, 8104)
    linked_range: tuple[int, int] = (8111, 8114)
    opened_range: tuple[int, int] = (8121, 8124)
    # the port at which the host listens for itself alone
    host_port: int = 40407
    dns_port: int = 53
    web_port: int = 80
    echo_port: int = 7
    # HTTPS, DNS over TLS and QUIC; the echo server is there as well
    tls_ports: tuple[int, int] = (443, 853)

    def changed(self, others: Mapping[str, Sequence[str]]) -> Addresses:
        """These addresses with other pairs for some fields, by their names.

        Raises ValueError or TypeError, by the version of Python, for an unknown name.
        """
        pairs: dict[str, Any] = {name: Pair(*pair) for name, pair in others.items()}
        return self._replace(**pairs)


LAB = Addresses()
