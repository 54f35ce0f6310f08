"""Past the routing table: packet sockets, hand-made packets, sockets tied to the uplink."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, ClassVar

from ..attack import Attack, Env, Outcome
from . import _tools

if TYPE_CHECKING:
    from ..lab.base import Lab

SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20  # linux/if_packet.h


class AfPacket(Attack):
    """Claim: a frame made by hand does not leave by the uplink.

    Method: AF_PACKET, a broadcast frame with a UDP datagram, by each interface in sight.
    Limitations: needs CAP_NET_RAW, so root only; a firewall's output hook never sees these.
    Source: packet(7).
    """

    name = "af-packet"
    every_state = True
    identities = ("root",)
    bypass: ClassVar[bool] = False

    def run(self, env: Env) -> Outcome:
        own = env.addresses.client.of(env.family)
        packet = _tools.udp_packet(own, _tools.lan(env), env.addresses.echo_port, _tools.payload(env))
        ethertype = 0x86DD if env.family == 6 else 0x0800
        reports = []
        for interface in _tools.interfaces():
            try:
                self.send(interface, ethertype, packet)
            except OSError as error:
                reports.append(f"{interface}: {error.strerror}")
            else:
                reports.append(f"{interface}: sent")
        return Outcome(any(line.endswith("sent") for line in reports), ", ".join(reports) or "no interface in sight")

    def send(self, interface: str, ethertype: int, packet: bytes) -> None:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as link:
            link.bind((interface, 0))
            if self.bypass:
                link.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
            own = link.getsockname()[4].ljust(6, b"\0")[:6]
            link.send(b"\xff" * 6 + own + ethertype.to_bytes(2, "big") + packet)


class AfPacketBypass(AfPacket):
    """Claim: a frame made by hand does not leave by the uplink past the queueing discipline either.

    Method: as af-packet with PACKET_QDISC_BYPASS, which also hides the frame from captures in the machine itself.
    Limitations: as af-packet.
    Source: packet(7), PACKET_QDISC_BYPASS.
    """

    name = "af-packet-bypass"
    bypass = True


class RawSpoofed(Attack):
    """Claim: a packet that claims the uplink's own source address does not leave by the uplink.

    Method: IPPROTO_RAW with a hand-made header, the uplink's address as its source, to the uplink's network and beyond.
    Limitations: needs CAP_NET_RAW, so root only.
    Source: raw(7).
    """

    name = "raw-spoofed"
    every_state = True
    identities = ("root",)

    def run(self, env: Env) -> Outcome:
        own = env.addresses.client.of(env.family)
        with socket.socket(_tools.inet(env.family), socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
            for address in (_tools.lan(env), _tools.beyond(env)):
                packet = _tools.udp_packet(own, address, env.addresses.echo_port, _tools.payload(env))
                raw.sendto(packet, (address, 0))
        return Outcome(True, "sent")


class SourceSpoofed(RawSpoofed):
    """Claim: a packet that claims the uplink's own source address does not come out of the tunnel either.

    Method: as raw-spoofed; meanwhile the server takes any source from the client, as a provider's need not.
    Limitations: as raw-spoofed.
    Source: raw(7); WireGuard whitepaper §2 (cryptokey routing).
    """

    name = "source-spoofed"
    every_state = False
    silent = True
    alone = True
    core = False

    def before(self, lab: Lab) -> None:
        lab.peer.let_in(*lab.addresses.client)

    def after(self, lab: Lab) -> None:
        lab.peer.let_in()


class BindToDevice(Attack):
    """Claim: a socket can't be tied to the uplink.

    Method: SO_BINDTODEVICE to the uplink by name (no privilege needed since Linux 5.7), then send to its network.
    Limitations: by index (IP_UNICAST_IF, IP_PKTINFO) is not tried.
    Source: socket(7).
    """

    name = "bind-to-device"
    every_state = True

    def run(self, env: Env) -> Outcome:
        with socket.socket(_tools.inet(env.family), socket.SOCK_DGRAM) as udp:
            udp.settimeout(env.patience)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, str(env.parameters["uplink"]).encode())
            udp.sendto(_tools.payload(env), (_tools.lan(env), env.addresses.echo_port))
            return _tools.echoed(udp, env)
