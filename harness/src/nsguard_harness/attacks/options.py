"""Options that steer a socket: an interface by number, another source address, the tunnel's own mark."""

from __future__ import annotations

import socket
import struct
from typing import ClassVar

from ..attack import Attack, Env, Outcome
from . import _tools

# linux/in.h, linux/in6.h
IP_PKTINFO, IPV6_PKTINFO, IP_UNICAST_IF, IPV6_UNICAST_IF = 8, 50, 50, 76
IP_TRANSPARENT, IPV6_TRANSPARENT, IP_FREEBIND, IPV6_FREEBIND = 19, 75, 15, 78
SO_MARK = 36  # asm-generic/socket.h
INDICES = range(1, 65)  # interface numbers to try; each network namespace numbers its own interfaces
TUNNEL_MARK = 0x6E7EBF20  # as plan/names.nix makes it of the namespace's name


class _ByIndex(Attack):
    """Try every interface number: the number that is the uplink's on the host may be the tunnel's here, or nobody's."""

    every_state = True

    def run(self, env: Env) -> Outcome:
        sent = []
        for index in INDICES:
            with socket.socket(_tools.inet(env.family), socket.SOCK_DGRAM) as udp:
                try:
                    self.send(udp, env, index)
                except OSError:
                    continue
                sent.append(index)
        return Outcome(bool(sent), f"sent by the interfaces {sent}")

    def send(self, udp: socket.socket, env: Env, index: int) -> None:
        """Send the token by an interface."""
        raise NotImplementedError


class PacketInfo(_ByIndex):
    """Claim: a datagram can't be given the uplink by its number.

    Method: sendmsg(2) with IP_PKTINFO or IPV6_PKTINFO, for every interface number up to 64.
    Limitations: none known.
    Source: ip(7), ipv6(7).
    """

    name = "packet-info"

    def send(self, udp: socket.socket, env: Env, index: int) -> None:
        if env.family == 6:
            control = (socket.IPPROTO_IPV6, IPV6_PKTINFO, struct.pack("=16si", bytes(16), index))
        else:
            control = (socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=i8s", index, bytes(8)))
        udp.sendmsg([_tools.payload(env)], [control], 0, (_tools.lan(env), env.addresses.echo_port))


class UnicastInterface(_ByIndex):
    """Claim: a socket can't be given the uplink by its number.

    Method: IP_UNICAST_IF or IPV6_UNICAST_IF, for every interface number up to 64.
    Limitations: none known.
    Source: ip(7), ipv6(7).
    """

    name = "unicast-interface"

    def send(self, udp: socket.socket, env: Env, index: int) -> None:
        level, option = (41, IPV6_UNICAST_IF) if env.family == 6 else (0, IP_UNICAST_IF)
        udp.setsockopt(level, option, struct.pack("!I", index))
        udp.sendto(_tools.payload(env), (_tools.lan(env), env.addresses.echo_port))


class TunnelMark(Attack):
    """Claim: the mark of the tunnel's own packets opens no way beside the tunnel.

    Method: SO_MARK with the tunnel's mark, and plain text to the endpoint's own address and port, which the pin on the
    host lets marked packets have, and to the uplink's network.
    Limitations: needs CAP_NET_ADMIN or CAP_NET_RAW, so root only; the endpoint is an IPv4 one.
    Source: socket(7); wg-quick's rule `not fwmark`.
    """

    name = "tunnel-mark"
    families = (4,)
    identities = ("root",)
    every_state = True

    def run(self, env: Env) -> Outcome:
        at = env.addresses
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.setsockopt(socket.SOL_SOCKET, SO_MARK, TUNNEL_MARK)
            reports = []
            for to in ((at.endpoint.v4, at.endpoint_port), (at.server.v4, at.echo_port)):
                try:
                    udp.sendto(_tools.payload(env), to)
                    reports.append("sent")
                except OSError as error:
                    reports.append(str(error.strerror))
        return Outcome("sent" in reports, ", ".join(reports))


class _ForeignSource(Attack):
    """Send from the uplink's own address."""

    every_state = True
    silent = True
    options: ClassVar[dict[int, tuple[int, int]]]

    def run(self, env: Env) -> Outcome:
        with socket.socket(_tools.inet(env.family), socket.SOCK_DGRAM) as udp:
            udp.settimeout(env.patience)
            udp.setsockopt(*self.options[env.family], 1)
            udp.bind((env.addresses.client.of(env.family), 0))
            udp.sendto(_tools.payload(env), (_tools.lan(env), env.addresses.echo_port))
            return _tools.echoed(udp, env)


class Transparent(_ForeignSource):
    """Claim: IP_TRANSPARENT lets no packet with the uplink's address out.

    Method: IP_TRANSPARENT, bind to the uplink's address, send.
    Limitations: needs CAP_NET_ADMIN or CAP_NET_RAW, so root only.
    Source: ip(7).
    """

    name = "transparent"
    identities = ("root",)
    options: ClassVar = {4: (socket.IPPROTO_IP, IP_TRANSPARENT), 6: (socket.IPPROTO_IPV6, IPV6_TRANSPARENT)}


class Freebind(_ForeignSource):
    """Claim: IP_FREEBIND, which needs no privilege, lets no packet with the uplink's address out.

    Method: IP_FREEBIND, bind to the uplink's address, send.
    Limitations: that the tunnel's far end gets none either depends here on its own filter as well; see source-spoofed.
    Source: ip(7).
    """

    name = "freebind"
    options: ClassVar = {4: (socket.IPPROTO_IP, IP_FREEBIND), 6: (socket.IPPROTO_IPV6, IPV6_FREEBIND)}
