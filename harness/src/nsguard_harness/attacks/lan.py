"""Inwards from the uplink's network: somebody on the wire looks for the tunnel, speaks in its name, or answers for it.

Nothing of that may be answered, learned or let through. What comes to the host's own addresses is the host's affair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..attack import Env, FromOutside, Outcome
from ..target import NAMESPACE
from . import _packets, _tools
from ._onlink import CLOSED, ToTunnelAddress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..lab.base import Lab


class AddressAsked(ToTunnelAddress):
    """Claim: the host does not tell its neighbours that it has the tunnel's address.

    Method: an ARP request, or a neighbour solicitation to the address' group and to the host itself.
    Limitations: a host with proxy_arp set answers for more than its own.
    Source: CVE-2019-14899; RFC 826, RFC 4861 §7.2.
    """

    name = "tunnel-address-asked"

    def frames(self, lab: Lab, env: Env) -> Iterable[bytes]:
        target = env.addresses.tunnel_client.of(env.family)
        request = _packets.who_has(lab.server.uplinks[0].mac, _tools.lan(env), target)
        yield request
        yield _packets.hardware(lab.client.uplinks[0].mac) + request[6:]


class AddressConnected(ToTunnelAddress):
    """Claim: connections to the tunnel's address, sent to the host, are not even refused.

    Method: a SYN, a SYN with ACK and an ACK from the gateway's address, each to a port of its own.
    Limitations: ports that nobody has; see port-connected for one that a service has.
    Source: CVE-2019-14899; Mullvad's test of it.
    """

    name = "tunnel-address-connected"

    def packets(self, env: Env, source: str, target: str) -> Iterable[bytes]:
        for number, flags in enumerate((_packets.SYN, _packets.SYN_ACK, _packets.ACK)):
            yield _packets.tcp(source, target, (_tools.UPLINK_PORT, CLOSED + number), flags, _tools.payload(env))


class AddressSent(ToTunnelAddress):
    """Claim: datagrams to the tunnel's address, sent to the host, are not even refused.

    Method: the token by UDP from the gateway's address to a port that nobody has, and to the resolver's.
    Limitations: as tunnel-address-connected.
    Source: CVE-2019-14899 (the same for UDP).
    """

    name = "tunnel-address-sent"

    def packets(self, env: Env, source: str, target: str) -> Iterable[bytes]:
        for port in (CLOSED, env.addresses.dns_port):
            yield _packets.udp(source, target, (_tools.UPLINK_PORT, port), _tools.payload(env))


class AddressPinged(ToTunnelAddress):
    """Claim: the tunnel's address does not answer an echo request that is sent to the host.

    Method: ICMP or ICMPv6 echo with the token, from the gateway's address.
    Limitations: one kind of ICMP.
    Source: CVE-2019-14899; RFC 792, RFC 4443.
    """

    name = "tunnel-address-pinged"

    def packets(self, env: Env, source: str, target: str) -> Iterable[bytes]:
        yield _packets.echo(source, target, _tools.payload(env))


class AddressSpoofed(ToTunnelAddress):
    """Claim: packets on the uplink that claim to come from the tunnel's server, or from beyond, are not answered.

    Method: a SYN, a datagram and an echo request to the tunnel's address, from the server's address in the tunnel and
    from a host beyond the gateway.
    Limitations: reverse path filtering, where the host has it, would drop some as well.
    Source: CVE-2019-14899; RFC 2827.
    """

    name = "tunnel-address-spoofed"

    def packets(self, env: Env, source: str, target: str) -> Iterable[bytes]:
        ports, data = (_tools.UPLINK_PORT, CLOSED), _tools.payload(env)
        for spoofed in (env.addresses.tunnel_server.of(env.family), _tools.beyond(env)):
            yield _packets.tcp(spoofed, target, ports, _packets.SYN, data)
            yield _packets.udp(spoofed, target, ports, data)
            yield _packets.echo(spoofed, target, data)


class _Listening(ToTunnelAddress):
    """An echo server in the namespace writes down what reaches it; the exposed host has one as well."""

    every_state = False

    def before(self, lab: Lab) -> None:
        inside = f"-p NetworkNamespacePath=/run/netns/{NAMESPACE}"
        lab.peer.start("echo", _tools.records("inside"), lab.client, inside)

    def after(self, lab: Lab) -> None:
        lab.peer.stop("echo", _tools.records("inside"), lab.client)

    def expose(self, lab: Lab) -> None:
        super().expose(lab)
        lab.peer.start("echo", _tools.records("exposed"), lab.client)

    def conceal(self, lab: Lab) -> None:
        lab.peer.stop("echo", _tools.records("exposed"), lab.client)
        super().conceal(lab)


class PortConnected(_Listening):
    """Claim: a port that a program in the namespace has is not there for the uplink's network.

    Method: a SYN to the port of an echo server in the namespace, at the tunnel's address, from the gateway's.
    Limitations: at the host's own address the port is the host's own.
    Source: CVE-2019-14899; services that bind to all addresses.
    """

    name = "port-connected"

    def packets(self, env: Env, source: str, target: str) -> Iterable[bytes]:
        yield _packets.tcp(source, target, (_tools.UPLINK_PORT, env.addresses.echo_port), _packets.SYN)


class Injected(_Listening):
    """Claim: nothing that somebody on the uplink's network sends reaches a program in the namespace.

    Method: the token by UDP to the port of an echo server in the namespace, from the tunnel's server, from a host
    beyond and from the gateway, whose addresses anybody can claim; that the program has it is a success.
    Limitations: as port-connected.
    Source: CVE-2019-14899 (injection into connections).
    """

    name = "injected"

    def packets(self, env: Env, source: str, target: str) -> Iterable[bytes]:
        for spoofed in (env.addresses.tunnel_server.of(env.family), _tools.beyond(env), source):
            yield _packets.udp(spoofed, target, (env.addresses.web_port, env.addresses.echo_port), _tools.payload(env))

    def probe(self, lab: Lab, env: Env) -> Outcome:
        outcome = super().probe(lab, env)
        heard = lab.client.read(_tools.records("exposed" if env.parameters["control"] else "inside"))
        return Outcome(True, "the program has it") if env.token.encode() in heard else outcome


class EndpointForged(FromOutside):
    """Claim: what is sent to the tunnel's port in the endpoint's name, but not with its keys, is not answered.

    Method: plain text, and messages of every type that WireGuard has with nothing right in them. The control is the
    plain text to a port that nobody has, which is refused.
    Limitations: under load WireGuard answers handshakes with cookies, if their first checksum is right. While there is
    no tunnel the port is nobody's.
    Source: WireGuard whitepaper §5.1 (silence is a virtue), §5.4.
    """

    name = "endpoint-forged"
    families = (4,)

    def probe(self, lab: Lab, env: Env) -> Outcome:
        at, own, gate = env.addresses, lab.client.uplinks[0].mac, lab.server.uplinks[0].mac
        port = CLOSED if env.parameters["control"] else _listen_port(lab)
        token = _tools.payload(env)
        sizes = {1: 148, 2: 92, 3: 64, 4: 96}
        sent = [token, *(bytes((kind, 0, 0, 0)) + token.ljust(size - 4, b".") for kind, size in sizes.items())]
        frames = [
            _packets.frame(own, gate, _packets.udp(at.endpoint.v4, at.client.v4, (at.endpoint_port, port), data))
            for data in sent
        ]
        answers = lab.exchange(lab.client, frames, lambda data: env.token.encode() in data, env.patience)
        return Outcome(bool(answers), f"answered with {len(answers[0])} bytes" if answers else "silence")


# The file of nsguard, which every namespace of its own has, or of a guard whose services get what ip-netns(8) binds.
READ_RESOLVERS = (
    f"[ ! -d /run/nsguard/{NAMESPACE} ] || cat /run/nsguard/{NAMESPACE}/inside/resolv.conf",
    f"[ ! -e /etc/netns/{NAMESPACE}/resolv.conf ] || cat /etc/netns/{NAMESPACE}/resolv.conf",
)


class RouterAdvertised(FromOutside):
    """Claim: a router advertisement on the uplink's network changes nothing in the namespace.

    Method: the host accepts advertisements; one to all nodes has a prefix of this run's own as on the link, a route to
    it and a resolver. A route in the namespace, or the resolver in its resolv.conf, is a success.
    Limitations: it does not offer itself as a default router.
    Source: RFC 4861 §6.3.4, RFC 4191, RFC 8106; TunnelVision's counterpart for IPv6.
    """

    name = "router-advertised"
    families = (6,)

    def before(self, lab: Lab) -> None:
        lab.client.succeed(f"sysctl -qw net.ipv6.conf.{lab.client.uplinks[0].interface}.accept_ra=2")

    def after(self, lab: Lab) -> None:
        uplink = lab.client.uplinks[0].interface
        lab.client.succeed(
            f"sysctl -qw net.ipv6.conf.{uplink}.accept_ra=0",
            f"ip -6 route flush dev {uplink} proto kernel root 2001:db8:6e67::/48",
            f"ip -6 route flush dev {uplink} proto ra",
        )

    def probe(self, lab: Lab, env: Env) -> Outcome:
        part = _tools.digest(env)[:4].lstrip("0") or "1"
        prefix, mac = f"2001:db8:6e67:{part}::", lab.server.uplinks[0].mac
        link_local = str(env.parameters["neighbour"])
        lab.exchange(lab.client, [_packets.advertisement(mac, link_local, prefix, f"{prefix}53")], lambda _: False, 0.1)
        where = "" if env.parameters["control"] else f"-n {NAMESPACE}"
        shown = lab.client.succeed(f"ip {where} -6 route show", *READ_RESOLVERS)
        return Outcome(prefix in shown, f"{prefix}/64 was learned" if prefix in shown else "nothing was learned")


def _listen_port(lab: Lab) -> int:
    both = f"{{ wg show all listen-port; ip netns exec {NAMESPACE} wg show all listen-port; }}"
    shown = lab.client.succeed(f"{both} | grep . || {{ echo 'there is no WireGuard link' >&2; exit 1; }}")
    return int(shown.split()[-1])
