"""ICMP echo, by raw sockets and by the unprivileged ping sockets."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from ..attack import Attack, Env, Outcome
from . import _tools

if TYPE_CHECKING:
    from ..lab.base import Lab


class IcmpRawLan(Attack):
    """Claim: an ICMP echo by raw socket to a host on the uplink's own network does not leave by the uplink.

    Method: SOCK_RAW with the token as the echo's data.
    Limitations: needs CAP_NET_RAW, so it is tried as root only. Source: leaks.md icmp, icmp6.
    """

    name = "icmp-raw-lan"
    identities = ("root",)

    def run(self, env: Env) -> Outcome:
        return _echo(env, socket.SOCK_RAW, _tools.lan(env))


class IcmpRawBeyond(Attack):
    """Claim: an ICMP echo by raw socket to a host beyond the gateway does not leave by the uplink.

    Method: SOCK_RAW with the token as the echo's data.
    Limitations: as icmp-raw-lan. Source: leaks.md icmp, icmp6.
    """

    name = "icmp-raw-beyond"
    identities = ("root",)

    def run(self, env: Env) -> Outcome:
        return _echo(env, socket.SOCK_RAW, _tools.beyond(env))


class _Ping(Attack):
    """Ping sockets are allowed by group, per network namespace (icmp(7), ping_group_range): before() allows all."""

    def before(self, lab: Lab) -> None:
        lab.client.succeed("sysctl -qw net.ipv4.ping_group_range='0 2147483647'")


class IcmpPingLan(_Ping):
    """Claim: an ICMP echo by ping socket to a host on the uplink's own network does not leave by the uplink.

    Method: SOCK_DGRAM with IPPROTO_ICMP or IPPROTO_ICMPV6, the token as the echo's data.
    Limitations: the namespace's own ping_group_range may refuse it before any route does. Source: leaks.md icmp.
    """

    name = "icmp-ping-lan"

    def run(self, env: Env) -> Outcome:
        return _echo(env, socket.SOCK_DGRAM, _tools.lan(env))


class IcmpPingBeyond(_Ping):
    """Claim: an ICMP echo by ping socket to a host beyond the gateway does not leave by the uplink.

    Method: SOCK_DGRAM with IPPROTO_ICMP or IPPROTO_ICMPV6, the token as the echo's data.
    Limitations: as icmp-ping-lan. Source: leaks.md icmp.
    """

    name = "icmp-ping-beyond"

    def run(self, env: Env) -> Outcome:
        return _echo(env, socket.SOCK_DGRAM, _tools.beyond(env))


def _echo(env: Env, kind: socket.SocketKind, address: str) -> Outcome:
    """Echo request: type 8 (RFC 792) or 128 (RFC 4443 §4.1); the kernel fills in ICMPv6's checksum."""
    protocol = socket.IPPROTO_ICMPV6 if env.family == 6 else socket.IPPROTO_ICMP
    data = _tools.payload(env)
    request = struct.pack("!BBHHH", 128 if env.family == 6 else 8, 0, 0, 0x6E67, 1) + data
    if env.family != 6:
        request = request[:2] + struct.pack("!H", _tools.checksum(request)) + request[4:]
    with socket.socket(_tools.inet(env.family), kind, protocol) as icmp:
        icmp.settimeout(_tools.PATIENCE)
        icmp.connect((address, 0))
        icmp.send(request)
        return _tools.echoed(icmp, env)
