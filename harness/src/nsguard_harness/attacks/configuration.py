"""Asking the network for a configuration, by hand, by each interface in sight."""

from __future__ import annotations

import socket
import struct

from ..attack import Attack, Env, Outcome
from . import _tools
from ._multicast import by_each_interface

DHCP_SERVER, DHCP_CLIENT, DHCP6_SERVER, DHCP6_CLIENT = 67, 68, 547, 546


class Dhcp(Attack):
    """Claim: no question for a configuration (DHCP) reaches the uplink's network, nor the tunnel's far end.

    Method: a DISCOVER to the limited broadcast address, a SOLICIT to ff02::1:2, the token as the host's name.
    Limitations: from any port where the client's own is not allowed.
    Source: RFC 2131, RFC 8415.
    """

    name = "dhcp"
    every_state = True
    silent = True

    def run(self, env: Env) -> Outcome:
        token = env.token.encode()
        if env.family == 6:
            # option 39: the client's name, flags first, then one label (RFC 4704)
            name = bytes((0, len(token))) + token + b"\0"
            message = b"\x01\x6e\x67\x01" + struct.pack("!HH", 39, len(name)) + name
            return by_each_interface(env, "ff02::1:2", DHCP6_SERVER, message, DHCP6_CLIENT)
        # header, 16 + 64 + 128 bytes for addresses and names, the cookie; options 53, 12 and the end
        fixed = struct.pack("!BBBBIHH", 1, 1, 6, 0, 0x6E67, 0, 0x8000) + bytes(16 + 16 + 64 + 128)
        options = b"\x63\x82\x53\x63" + b"\x35\x01\x01" + bytes((12, len(token))) + token + b"\xff"
        return by_each_interface(env, "255.255.255.255", DHCP_SERVER, fixed + options, DHCP_CLIENT)


class RouterSolicitation(Attack):
    """Claim: no router solicitation reaches the uplink's network, nor the tunnel's far end.

    Method: ICMPv6 type 133 to all routers by raw socket, the token in an option that nobody knows.
    Limitations: needs CAP_NET_RAW, so root only.
    Source: RFC 4861 §4.1.
    """

    name = "router-solicitation"
    families = (6,)
    identities = ("root",)
    every_state = True
    silent = True

    def run(self, env: Env) -> Outcome:
        data = _tools.payload(env).ljust(46, b"\0")  # with its two bytes of header a multiple of eight
        solicitation = struct.pack("!BBHI", 133, 0, 0, 0) + bytes((253, 6)) + data
        reports = []
        for interface in _tools.interfaces():
            with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as icmp:
                icmp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
                try:
                    icmp.sendto(solicitation, ("ff02::2", 0, 0, socket.if_nametoindex(interface)))
                    reports.append(f"{interface}: sent")
                except OSError as error:
                    reports.append(f"{interface}: {error.strerror}")
        return Outcome(any(line.endswith("sent") for line in reports), ", ".join(reports) or "no interface in sight")
