"""ICMP echo, by raw sockets and by the unprivileged ping sockets."""

from __future__ import annotations

import socket
import struct

from ..attack import Attack, Env, Outcome
from . import _tools


class IcmpRawLan(Attack):
    """Claim: an ICMP echo by raw socket to a host on the uplink's own network does not leave by the uplink.

    Method: SOCK_RAW with the token as the echo's data.
    Limitations: needs CAP_NET_RAW, so it is tried as root only.
    Source: raw(7), RFC 792, RFC 4443.
    """

    name = "icmp-raw-lan"
    every_state = True
    identities = ("root",)

    def run(self, env: Env) -> Outcome:
        return _echo(env, socket.SOCK_RAW, _tools.lan(env))


class IcmpRawBeyond(Attack):
    """Claim: an ICMP echo by raw socket to a host beyond the gateway does not leave by the uplink.

    Method: SOCK_RAW with the token as the echo's data.
    Limitations: as icmp-raw-lan.
    Source: raw(7), RFC 792, RFC 4443.
    """

    name = "icmp-raw-beyond"
    every_state = True
    identities = ("root",)

    def run(self, env: Env) -> Outcome:
        return _echo(env, socket.SOCK_RAW, _tools.beyond(env))


class IcmpPingLan(Attack):
    """Claim: an ICMP echo by ping socket to a host on the uplink's own network does not leave by the uplink.

    Method: SOCK_DGRAM with IPPROTO_ICMP or IPPROTO_ICMPV6, the token as the echo's data.
    Limitations: a ping_group_range may refuse it before any route does; nsguard's namespaces let every group ping.
    Source: icmp(7).
    """

    name = "icmp-ping-lan"
    every_state = True

    def run(self, env: Env) -> Outcome:
        return _echo(env, socket.SOCK_DGRAM, _tools.lan(env))


class IcmpPingBeyond(Attack):
    """Claim: an ICMP echo by ping socket to a host beyond the gateway does not leave by the uplink.

    Method: SOCK_DGRAM with IPPROTO_ICMP or IPPROTO_ICMPV6, the token as the echo's data.
    Limitations: as icmp-ping-lan.
    Source: icmp(7).
    """

    name = "icmp-ping-beyond"
    every_state = True

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
        icmp.settimeout(env.patience)
        icmp.connect((address, 0))
        icmp.send(request)
        return _tools.echoed(icmp, env)
