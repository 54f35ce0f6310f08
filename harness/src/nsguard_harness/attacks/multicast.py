"""To everybody on the wire: multicast DNS, LLMNR, broadcast, all nodes."""

from __future__ import annotations

import ipaddress
from typing import ClassVar

from ..attack import Attack, Env, Outcome
from . import _tools
from ._multicast import by_each_interface


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
