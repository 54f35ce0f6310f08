"""Protocols without ports, by raw sockets: tunnels in tunnels, group reports, encrypted payloads; for root only."""

from __future__ import annotations

import socket
import struct
from typing import ClassVar

from ..attack import Attack, Env, Outcome
from . import _tools


class _Raw(Attack):
    """Send one packet of a protocol, with the kernel's IP header, to the uplink's network and beyond it."""

    identities = ("root",)
    every_state = True
    protocol: ClassVar[int]

    def run(self, env: Env) -> Outcome:
        with socket.socket(_tools.inet(env.family), socket.SOCK_RAW, self.protocol) as raw:
            for address in (_tools.lan(env), _tools.beyond(env)):
                raw.sendto(self.body(env, address), (address, 0))
        return Outcome(True, "sent")

    def body(self, env: Env, address: str) -> bytes:
        """What follows the IP header."""
        raise NotImplementedError

    def inner(self, env: Env, address: str) -> bytes:
        """A whole packet from the uplink's address, to put inside another one."""
        own = env.addresses.client.of(env.family)
        return _tools.udp_packet(own, address, env.addresses.echo_port, _tools.payload(env))


class RawIgmp(_Raw):
    """Claim: a group membership report by hand does not leave by the uplink.

    Method: IP protocol 2, a version 2 report with the token behind it.
    Limitations: needs CAP_NET_RAW, so root only; IPv4 only, IPv6 has MLD for it.
    Source: RFC 2236; raw(7).
    """

    name = "raw-igmp"
    families = (4,)
    protocol = 2

    def body(self, env: Env, address: str) -> bytes:
        report = b"\x16\0\0\0" + socket.inet_aton("224.0.0.251") + _tools.payload(env)
        return report[:2] + struct.pack("!H", _tools.checksum(report)) + report[4:]


class RawIpip(_Raw):
    """Claim: an IPv4 packet wrapped into IP does not leave by the uplink.

    Method: IP protocol 4, a UDP datagram from the uplink's address inside.
    Limitations: as raw-igmp; IPv4 inside either family would be four cases, two are tried.
    Source: RFC 2003; raw(7).
    """

    name = "raw-ipip"
    families = (4,)
    protocol = 4

    def body(self, env: Env, address: str) -> bytes:
        return self.inner(env, address)


class RawSixInFour(_Raw):
    """Claim: an IPv6 packet wrapped into IP (6in4, 6to4, IPv6 in IPv6) does not leave by the uplink.

    Method: IP protocol 41, a UDP datagram from the uplink's IPv6 address inside.
    Limitations: needs CAP_NET_RAW, so root only.
    Source: RFC 4213; raw(7).
    """

    name = "raw-6in4"
    protocol = 41

    def body(self, env: Env, address: str) -> bytes:
        at = env.addresses
        return _tools.udp_packet(at.client.v6, at.server.v6, at.echo_port, _tools.payload(env))


class RawGre(_Raw):
    """Claim: a packet wrapped into GRE does not leave by the uplink.

    Method: IP protocol 47, four bytes of header, a UDP datagram from the uplink's address inside.
    Limitations: needs CAP_NET_RAW, so root only.
    Source: RFC 2784; raw(7).
    """

    name = "raw-gre"
    protocol = 47

    def body(self, env: Env, address: str) -> bytes:
        return struct.pack("!HH", 0, 0x86DD if env.family == 6 else 0x0800) + self.inner(env, address)


class RawEsp(_Raw):
    """Claim: what looks like IPsec does not leave by the uplink.

    Method: IP protocol 50, an index, a sequence number and the token.
    Limitations: needs CAP_NET_RAW, so root only.
    Source: RFC 4303; raw(7).
    """

    name = "raw-esp"
    protocol = 50

    def body(self, env: Env, address: str) -> bytes:
        return struct.pack("!II", 0x6E67, 1) + _tools.payload(env)


class RawSctp(_Raw):
    """Claim: an SCTP packet made by hand does not leave by the uplink, whether the kernel speaks SCTP or not.

    Method: IP protocol 132, a common header and a DATA chunk with the token.
    Limitations: needs CAP_NET_RAW, so root only; its checksum is not right.
    Source: RFC 9260 §3; raw(7).
    """

    name = "raw-sctp"
    protocol = 132

    def body(self, env: Env, address: str) -> bytes:
        data = _tools.payload(env)
        chunk = struct.pack("!BBHIHHI", 0, 3, 16 + len(data), 1, 0, 0, 0) + data
        return struct.pack("!HHII", _tools.UPLINK_PORT, env.addresses.echo_port, 1, 0) + chunk


class SourceRouted(Attack):
    """Claim: a packet with a route of its own does not leave by the uplink.

    Method: IP_OPTIONS with a loose source route by the uplink's gateway, a UDP datagram to a host beyond it.
    Limitations: needs CAP_NET_RAW, so root only; IPv4 only, type 0 of IPv6's routing header is gone (RFC 5095).
    Source: ip(7), RFC 791 §3.1; RFC 7126 §4.3.
    """

    name = "source-routed"
    families = (4,)
    identities = ("root",)
    every_state = True

    def run(self, env: Env) -> Outcome:
        hops = socket.inet_aton(_tools.lan(env)) + socket.inet_aton(_tools.beyond(env))
        option = b"\x01" + bytes((131, 3 + len(hops), 4)) + hops
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, option)
            udp.sendto(_tools.payload(env), (_tools.beyond(env), env.addresses.echo_port))
        return Outcome(True, "sent")


class Fragments(Attack):
    """Claim: a datagram larger than any link leaves neither by the uplink nor as fragments around the tunnel.

    Method: 4000 bytes by UDP, the token at either end, so that it is in the first fragment and in the last.
    Limitations: fragments in order and without overlap.
    Source: RFC 791 §3.2, RFC 8200 §4.5.
    """

    name = "fragments"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        with socket.socket(_tools.inet(env.family), socket.SOCK_DGRAM) as udp:
            token = _tools.payload(env)
            udp.sendto(token + bytes(4000) + token, (_tools.lan(env), env.addresses.echo_port))
        return Outcome(True, "sent")


class OverMtu(Attack):
    """Claim: a datagram that fits the uplink and not the tunnel does not take the uplink.

    Method: 1400 bytes and more with fragmentation forbidden, and again with the path's MTU disregarded.
    Limitations: the uplink's MTU is taken to be 1500, the tunnel's less.
    Source: ip(7), IP_MTU_DISCOVER.
    """

    name = "over-mtu"
    every_state = True

    def run(self, env: Env) -> Outcome:
        level, option = (socket.IPPROTO_IPV6, 23) if env.family == 6 else (socket.IPPROTO_IP, 10)
        reports = []
        for mode in (2, 3):  # IP_PMTUDISC_DO, IP_PMTUDISC_PROBE (linux/in.h; the same numbers in in6.h)
            with socket.socket(_tools.inet(env.family), socket.SOCK_DGRAM) as udp:
                udp.setsockopt(level, option, mode)
                try:
                    udp.sendto(_tools.payload(env).ljust(1440, b"."), (_tools.lan(env), env.addresses.echo_port))
                    reports.append("sent")
                except OSError as error:
                    reports.append(str(error.strerror))
        return Outcome("sent" in reports, ", ".join(reports))
