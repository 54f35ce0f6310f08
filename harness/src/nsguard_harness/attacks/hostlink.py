"""By the host link: out by it from the service, and in by it from the uplink's network."""

from __future__ import annotations

import errno
import fcntl
import json
import select
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ..attack import Attack, CannotApplyError, Env, Lacking, Outcome
from ..target import NAMESPACE, NAMESPACE_UNIT
from . import _packets, _tools
from ._onlink import CLOSED, ToTunnelAddress

if TYPE_CHECKING:
    from ..lab.base import Lab

INSIDE, OUTSIDE = "host0", "vensg-"  # the name of the end inside, and how that of the end outside begins
NO_LINK = "no host link in this scenario"
SIOCGIFADDR, IP_FREEBIND = 0x8915, 15  # linux/sockios.h, ip(7)
FREEBIND = {4: (socket.IPPROTO_IP, IP_FREEBIND), 6: (socket.IPPROTO_IPV6, 78)}  # linux/in6.h, IPV6_FREEBIND
HOST_TABLE = f"nsguard_link-{NAMESPACE}"
ANSWERED = (0, errno.ECONNREFUSED)  # a refusal is an answer, too


def _device() -> str:
    """The end of the link that is in sight here."""
    names = [name for name in _tools.interfaces() if name == INSIDE or name.startswith(OUTSIDE)]
    if not names:
        raise CannotApplyError(Lacking.SCENARIO, NO_LINK)
    return names[0]


def _own(device: str, family: int) -> str:
    """The address of this end of the link."""
    if family == 6:
        with open("/proc/net/if_inet6", encoding="ascii") as addresses:
            packed = next(bytes.fromhex(line[:32]) for line in addresses if line.split()[5] == device)
        return socket.inet_ntop(socket.AF_INET6, packed)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        answer = fcntl.ioctl(control, SIOCGIFADDR, struct.pack("16s24x", device.encode()))
    return socket.inet_ntoa(answer[20:24])


def _hosts(own: str) -> str:
    """The address of the host's end: in IPv4 the even one of the two, in IPv6 the first of the network."""
    packed = _packets.packed(own)
    last = packed[-1] & 0xFE if len(packed) == 4 else 1
    return socket.inet_ntop(_tools.inet(4 if len(packed) == 4 else 6), packed[:-1] + bytes((last,)))


def _bind(sock: socket.socket, source: str | None, device: str | None) -> None:
    if device:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    if source:
        sock.bind((source, 0))


class LinkToHost(Attack):
    """Claim: the service reaches nothing of the host's by the host link.

    Method: a datagram, a connection and an echo request to the host's end and to its address on the uplink: as they
    come, from the link's address, and tied to the link; over IPv6 datagrams to all nodes on the link besides. An
    answer, and be it a refusal, is a success.
    Limitations: the ports of an echo server. An address that is not the namespace's is tried in link-spoofed; a mark
    (SO_MARK) takes a capability, and no rule looks at one.
    Source: socket(7), ip(7); veth(4).
    """

    name = "link-to-host"
    evidence = "answer"
    timeout = 10.0

    def before(self, lab: Lab) -> None:
        lab.peer.start("echo", _tools.records("exposed"), lab.client)

    def after(self, lab: Lab) -> None:
        lab.peer.stop("echo", _tools.records("exposed"), lab.client)

    def run(self, env: Env) -> Outcome:
        device = _device()
        own = _own(device, env.family)
        host, uplink = _hosts(own), env.addresses.client.of(env.family)
        ways = [(host, None, None), *((at, *way) for at in (host, uplink) for way in ((own, None), (None, device)))]
        if env.family == 6:
            ways.append((f"ff02::1%{device}", None, device))
        sockets: dict[socket.socket, str] = {}
        kinds = ((socket.SOCK_DGRAM, 0), (socket.SOCK_STREAM, 0), (socket.SOCK_DGRAM, _icmp(env)))
        for target, source, tied in ways:
            for kind, protocol in kinds:
                with suppress(OSError):
                    sock = socket.socket(_tools.inet(env.family), kind, protocol)
                    sock.setblocking(False)
                    sockets[sock] = f"{target} ({sock.type.name}{', ICMP' if protocol else ''})"
                    _bind(sock, source, tied)
                    _ask(env, sock, target, protocol)
        answer = next(_answers(sockets, env.patience), "")
        for sock in sockets:
            sock.close()
        return Outcome(bool(answer), answer or f"{len(sockets)} times asked, no answer")


def _icmp(env: Env) -> int:
    return socket.IPPROTO_ICMPV6 if env.family == 6 else socket.IPPROTO_ICMP


def _ask(env: Env, sock: socket.socket, target: str, protocol: int) -> None:
    with suppress(BlockingIOError):
        if "%" in target:
            sock.sendto(_tools.payload(env), (target, env.addresses.echo_port))
            return
        sock.connect((target, env.addresses.echo_port))
    if protocol:
        sock.send(struct.pack("!BBHHH", 128 if env.family == 6 else 8, 0, 0, 0, 1) + _tools.payload(env))
    elif sock.type == socket.SOCK_DGRAM:
        sock.send(_tools.payload(env))


def _answers(sockets: dict[socket.socket, str], patience: float) -> Iterator[str]:
    """The targets that answer within `patience` seconds, as the answers come. sockets: each with its target."""
    waiting, deadline = set(sockets), time.monotonic() + patience
    while waiting and (left := deadline - time.monotonic()) > 0:
        streams = {sock for sock in waiting if sock.type == socket.SOCK_STREAM}
        ready = select.select(waiting - streams, streams, [], left)
        for sock in (*ready[0], *ready[1]):
            waiting.discard(sock)
            number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if sock in streams and number == 0:
                with suppress(OSError):  # select(2) also reports a connection that was never begun
                    sock.getpeername()
                    yield f"{sockets[sock]} answered"
            elif number in ANSWERED:
                yield f"{sockets[sock]} answered"


@contextmanager
def _reported(reports: list[str]) -> Iterator[None]:
    """Add to `reports` how the body ended: `sent`, or the error."""
    try:
        yield
    except OSError as error:
        reports.append(str(error.strerror))
    else:
        reports.append("sent")


class LinkToLan(Attack):
    """Claim: nothing that the service sends by the host link gets to the uplink's network or beyond.

    Method: the token by UDP to a host there and to one behind the gateway: from the link's address, which has a route
    by the link, and tied to the link.
    Limitations: UDP; the rule is the same for all else. A route of its own takes a capability.
    Source: socket(7), ip-rule(8).
    """

    name = "link-to-lan"

    def run(self, env: Env) -> Outcome:
        device = _device()
        own = _own(device, env.family)
        reports: list[str] = []
        for target in (_tools.lan(env), _tools.beyond(env)):
            for source, tied in ((own, None), (None, device), (own, device)):
                with socket.socket(_tools.inet(env.family), socket.SOCK_DGRAM) as udp, _reported(reports):
                    _bind(udp, source, tied)
                    udp.sendto(_tools.payload(env), (target, env.addresses.echo_port))
        return Outcome("sent" in reports, ", ".join(reports))


class LinkSpoofed(Attack):
    """Claim: a packet with somebody else's address as its source does not get out by the host link.

    Method: sockets bound to addresses that are not the machine's (IP_FREEBIND takes no privilege), tied to the link:
    the token by UDP from the host's address, from one that nobody has and from one in the tunnel.
    Limitations: IPv4: for IPv6 such a socket finds no route by the link.
    Source: ip(7), IP_FREEBIND; RFC 2827.
    """

    name = "link-spoofed"
    families = (4,)

    def run(self, env: Env) -> Outcome:
        device, at = _device(), env.addresses
        reports: list[str] = []
        for source in (at.client.v4, at.passing, at.tunnel_client.v4):
            for tied in (device, None):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, _reported(reports):
                    udp.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
                    _bind(udp, source, tied)
                    if tied or env.parameters["control"]:
                        udp.sendto(_tools.payload(env), (_tools.lan(env), at.echo_port))
        return Outcome("sent" in reports, ", ".join(reports))


class _Reflected(Attack):
    """A connection that the service begins itself over lo, so that its answers pass for those to a client's."""

    alone = True
    core = False
    prepared_control = False

    def before(self, lab: Lab) -> None:
        lab.client.execute(f"nft delete table inet {HOST_TABLE}")  # there is none in other scenarios

    def after(self, lab: Lab) -> None:
        lab.client.succeed(f"systemctl reload {NAMESPACE_UNIT}")

    def client(self, env: Env) -> str:
        """The address that begins the connection over lo, and to which the answer goes."""
        raise NotImplementedError

    def run(self, env: Env) -> Outcome:
        device, client = _device(), (self.client(env), env.addresses.echo_port)
        with (
            socket.socket(_tools.inet(env.family), socket.SOCK_DGRAM) as answering,
            socket.socket(_tools.inet(env.family), socket.SOCK_DGRAM) as asking,
        ):
            answering.bind((_own(device, env.family), 0))
            if not env.parameters["control"]:
                asking.setsockopt(*FREEBIND[env.family], 1)
                asking.bind(client)
                with suppress(OSError):  # a rule that refuses it
                    asking.sendto(b"a question\n", answering.getsockname()[:2])
                _bind(answering, None, device)
            answering.sendto(_tools.payload(env), client)
        return Outcome(True, "sent")


class LinkFreebind(_Reflected):
    """Claim: nothing gets out by the host link as the answer to a packet that somebody else's address sent over lo.

    Method: a socket bound to an address of the uplink's network (IPV6_FREEBIND takes no privilege) sends to the
    namespace's address on the link, over lo; the answer to it, with the token, goes by the link. Meanwhile the host's
    own rules for the link are gone, as where somebody flushes all tables.
    Limitations: IPv6: Linux sends nothing over IPv4 from an address that is not its own, unless a capability says so.
    Source: ipv6(7), IPV6_FREEBIND; nf_conntrack (a connection is what its addresses and ports say).
    """

    name = "link-freebind"
    families = (6,)

    def client(self, env: Env) -> str:
        return _tools.lan(env)


class LinkOwnAddress(_Reflected):
    """Claim: nothing gets out by the host link as the answer to a packet that the service itself sent over lo.

    Method: as link-freebind from the tunnel's own address, which every rule takes for the namespace's; the answering
    socket is tied to the link (SO_BINDTODEVICE takes no privilege).
    Limitations: an address of 127.0.0.0/8 as the client is not tried: a host takes no such packet from a link, unless
    route_localnet says so.
    Source: socket(7), SO_BINDTODEVICE; ip-sysctl.rst, route_localnet.
    """

    name = "link-own-address"

    def client(self, env: Env) -> str:
        return env.addresses.tunnel_client.of(env.family)


class _ToLinkAddress(ToTunnelAddress):
    """Frames to the namespace's address on the host link, by the uplink; the exposed host has that address itself."""

    every_state = False

    def target(self, lab: Lab, family: int) -> str:
        _, output = lab.client.execute(f"ip -n {NAMESPACE} -j address show dev {INSIDE} 2>/dev/null")
        (link,) = json.loads(output or "[{}]")
        family_name = {4: "inet", 6: "inet6"}[family]
        return next((str(entry["local"]) for entry in link.get("addr_info", ()) if entry["family"] == family_name), "")

    def probe(self, lab: Lab, env: Env) -> Outcome:
        if not self.target(lab, env.family):
            return Outcome(False, lacks=NO_LINK, lacking=Lacking.SCENARIO)
        return super().probe(lab, env)

    def ports(self, env: Env) -> Iterable[int]:
        """The ports that are tried."""
        raise NotImplementedError

    def answers(self, env: Env, target: bytes, data: bytes) -> bool:
        # another attack asks at the same address meanwhile
        own = (struct.pack("!2H", port, _tools.UPLINK_PORT) for port in self.ports(env))
        return env.token.encode() in data or (target in data and any(ports in data for ports in own))

    def packets(self, env: Env, source: str, target: str) -> Iterable[bytes]:
        for port in self.ports(env):
            ports = (_tools.UPLINK_PORT, port)
            yield _packets.tcp(source, target, ports, _packets.SYN, _tools.payload(env))
            yield _packets.udp(source, target, ports, _tools.payload(env))


class LinkPublished(_ToLinkAddress):
    """Claim: what is published by the host link is there at the addresses that are named, and not at the link's own.

    Method: a SYN and the token by UDP from the gateway's address to the published port inside, at the namespace's
    address on the link, sent to the host.
    Limitations: one port.
    Source: CVE-2020-13401 and its like: hosts that forward what they are not asked to.
    """

    name = "link-published"

    def ports(self, env: Env) -> Iterable[int]:
        return (env.addresses.linked_port,)


class LinkUnpublished(_ToLinkAddress):
    """Claim: no other port of the namespace than those that are published is there by the host link.

    Method: a SYN and the token by UDP to two ports, and an echo request, at the namespace's address on the link.
    Limitations: ports that nobody has: a refusal would be an answer.
    Source: as link-published.
    """

    name = "link-unpublished"

    def ports(self, env: Env) -> Iterable[int]:
        return (CLOSED, CLOSED + 1)

    def packets(self, env: Env, source: str, target: str) -> Iterable[bytes]:
        yield from super().packets(env, source, target)
        yield _packets.echo(source, target, _tools.payload(env))
