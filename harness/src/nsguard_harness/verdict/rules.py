"""What may be on an uplink: a table of narrow, named rules, and the world that they hold in.

The frames of a tunnel are recognised by structure and by both ends (WireGuard whitepaper §5.4), so that plain text
sent to the endpoint is not taken for them. What no rule allows, the judge condemns.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

from . import frames
from .frames import Address, Packet

# WireGuard whitepaper §5.4: exact sizes of handshake initiation, response and cookie reply; a transport message is
# 16 bytes of header, the inner packet padded to 16 but never past the tunnel's MTU, and a 16-byte tag
HANDSHAKE_SIZES = {1: 148, 2: 92, 3: 64}
TRANSPORT, OVERHEAD = 4, 32
# the kernel marks handshakes AF41, wireguard-go marks nothing; data carries at most the inner packet's ECN bits
HANDSHAKE_TOS = {0x88, 0x00}
DATA_TOS = {0, 1, 2, 3}

BROADCAST = "ff:ff:ff:ff:ff:ff"
NO_MAC = "00:00:00:00:00:00"


@dataclass(frozen=True)
class Station:
    """One interface on a wire: its MAC and every address that it may use, link-local ones included."""

    mac: str
    addresses: frozenset[Address]


@dataclass(frozen=True)
class Wire:
    """The uplink of the machine under test and who else is known on the same wire."""

    uplink: Station
    neighbours: tuple[Station, ...]

    @property
    def stations(self) -> tuple[Station, ...]:
        """The uplink, then its neighbours."""
        return (self.uplink, *self.neighbours)


@dataclass(frozen=True)
class World:
    """What is true of the machine under test while the capture runs.

    `endpoints` are the pinned (address, UDP port) pairs; `listen_ports` every port the tunnel had meanwhile;
    `tunnel_addresses` must never show on an uplink, not even inside ARP or neighbour discovery; `injected` are the
    frames, whole, that the lab's side sent to the machine itself, each with how often; `mtus` are the tunnel's;
    `exceptions` are what the configuration lets out beside it.
    """

    wires: Mapping[str, Wire]
    endpoints: frozenset[tuple[Address, int]]
    listen_ports: frozenset[int]
    tunnel_addresses: frozenset[Address]
    injected: Mapping[bytes, int] = field(default_factory=dict)
    mtus: frozenset[int] = frozenset()
    exceptions: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One kind of frame that may be on an uplink. `allows` gets a packet that parsed, is no fragment, has no tag."""

    name: str
    why: str
    allows: Callable[[Packet, Wire, World], bool]


def _wireguard(packet: Packet, wire: Wire, world: World) -> bool:
    if packet.protocol != frames.UDP or packet.options:
        return False
    near = (packet.source, packet.source_port), (packet.destination, packet.destination_port)
    macs = packet.source_mac, packet.destination_mac
    if macs[0] != wire.uplink.mac:
        near, macs = near[::-1], macs[::-1]
    (own, port), far = near
    return (
        macs[0] == wire.uplink.mac
        and macs[1] in {s.mac for s in wire.neighbours}
        and own in wire.uplink.addresses
        and port in world.listen_ports
        and far in world.endpoints
        and _is_wireguard_message(packet.payload, packet.tos, world.mtus)
    )


def _is_wireguard_message(payload: bytes, tos: int, mtus: frozenset[int]) -> bool:
    if len(payload) < OVERHEAD or payload[1:4] != bytes(3):
        return False
    if payload[0] == TRANSPORT:
        return (len(payload) % 16 == 0 or len(payload) - OVERHEAD in mtus) and tos in DATA_TOS
    return HANDSHAKE_SIZES.get(payload[0]) == len(payload) and tos in HANDSHAKE_TOS


def _from_elsewhere(packet: Packet, wire: Wire, world: World) -> bool:
    """A tunnel message to us from another address than an endpoint's; one from us to there is not allowed."""
    return (
        packet.protocol == frames.UDP
        and not packet.options
        and packet.source_mac in {s.mac for s in wire.neighbours}
        and packet.destination_mac == wire.uplink.mac
        and packet.destination in wire.uplink.addresses
        and packet.destination_port in world.listen_ports
        and _is_wireguard_message(packet.payload, packet.tos, world.mtus)
    )


# port unreachable (RFC 792; RFC 4443 §3.1), and the quoted packet's header up to its UDP header
UNREACHABLE = {4: (frames.ICMP, 3, 3, 20), 6: (frames.ICMP6, 1, 4, 40)}


def _closed_port(packet: Packet, wire: Wire, world: World) -> bool:
    """Our answer to a tunnel message for a port that the tunnel has just given up; it quotes that message."""
    own, far = packet.source, packet.destination
    if own is None or far is None or packet.options or not _station(wire, packet.source_mac, own):
        return False
    *kind, header = UNREACHABLE[own.version]
    if [packet.protocol, packet.icmp_type, packet.icmp_code] != kind or packet.source_mac != wire.uplink.mac:
        return False
    unused, quoted, udp = packet.payload[:4], packet.payload[4 : 4 + header], packet.payload[4 + header :]
    return (
        packet.destination_mac in {s.mac for s in wire.neighbours}
        and unused == bytes(4)
        and quoted[:1] in (b"\x45", b"\x60")
        and quoted[6 if own.version == 6 else 9 :][:1] == bytes((frames.UDP,))
        and quoted[-2 * len(own.packed) :] == far.packed + own.packed
        and (far, int.from_bytes(udp[:2])) in world.endpoints
        and int.from_bytes(udp[2:4]) in world.listen_ports
        and udp[8:9] in (b"\1", b"\2", b"\3", b"\4")
        and udp[9:12] == bytes(3)
    )


def _station(wire: Wire, mac: str, address: Address | None) -> bool:
    return any(s.mac == mac and address in s.addresses for s in wire.stations)


def _known(wire: Wire, address: Address | None) -> bool:
    return any(address in s.addresses for s in wire.stations)


def _arp(packet: Packet, wire: Wire, world: World) -> bool:
    arp = packet.arp
    if arp is None or packet.source_mac != arp.sender_mac or not _station(wire, arp.sender_mac, arp.sender):
        return False
    if arp.operation == 1:
        to = packet.destination_mac == BROADCAST or packet.destination_mac in {s.mac for s in wire.stations}
        return to and arp.target_mac in {NO_MAC, packet.destination_mac} and _known(wire, arp.target)
    return (
        arp.operation == 2 and packet.destination_mac == arp.target_mac and _station(wire, arp.target_mac, arp.target)
    )


def solicited_node(address: IPv6Address) -> IPv6Address:
    """The solicited-node multicast address of `address` (RFC 4291 §2.7.1)."""
    return IPv6Address(int(IPv6Address("ff02::1:ff00:0")) | (int(address) & 0xFFFFFF))


def multicast_mac(address: IPv6Address) -> str:
    """The Ethernet address of an IPv6 multicast group (RFC 2464 §7)."""
    return (b"\x33\x33" + address.packed[-4:]).hex(":")


def _neighbour_header(packet: Packet) -> bool:
    """A solicitation or advertisement with nothing in its reserved bits (RFC 4861 §4.3, §4.4, §7.1)."""
    flags = 0xE0 if packet.icmp_type == 136 else 0
    return (
        (packet.protocol, packet.icmp_code, packet.hops, packet.options) == (frames.ICMP6, 0, 255, ())
        and len(packet.payload) in (20, 28)
        and packet.payload[0] & ~flags == 0
        and packet.payload[1:4] == bytes(3)
    )


def _neighbour(packet: Packet, wire: Wire, world: World) -> bool:
    """One link-layer option at most, and it names the sender's own MAC (RFC 4861 §4.3, §4.4)."""
    kind = {135: 1, 136: 2}.get(packet.icmp_type or 0)
    if kind is None or not _neighbour_header(packet):
        return False
    target, option = IPv6Address(packet.payload[4:20]), packet.payload[20:]
    if not _known(wire, target):
        return False
    if option and option != bytes((kind, 1)) + bytes.fromhex(packet.source_mac.replace(":", "")):
        return False
    if not _station(wire, packet.source_mac, packet.source):
        return False
    if kind == 1 and packet.destination == solicited_node(target):
        return packet.destination_mac == multicast_mac(solicited_node(target))
    return _station(wire, packet.destination_mac, packet.destination)


MLD_ROUTERS = IPv6Address("ff02::16")
# the hop-by-hop header: the next one's number, its own length, the option (RFC 2711) and padding
ROUTER_ALERT = bytes((frames.ICMP6, 0)) + b"\5\2\0\0" + b"\1\0"
MLD_REPORT, MLD_RECORD = 143, struct.Struct("!BBH16s")  # RFC 3810 §5.2


def _reported(packet: Packet, wire: Wire) -> set[IPv6Address] | None:
    """The groups in the host's own MLDv2 report; None for every frame that is not exactly such a report."""
    records, rest = divmod(len(packet.payload) - 4, MLD_RECORD.size)
    if (
        (packet.protocol, packet.icmp_type, packet.icmp_code, packet.hops) != (frames.ICMP6, MLD_REPORT, 0, 1)
        or packet.extensions != ROUTER_ALERT
        or rest
        or packet.payload[:4] != struct.pack("!HH", 0, records)
        or (packet.source_mac, packet.destination_mac) != (wire.uplink.mac, multicast_mac(MLD_ROUTERS))
        or packet.destination != MLD_ROUTERS
        or packet.source not in wire.uplink.addresses | {IPv6Address("::")}
    ):
        return None
    reports = list(MLD_RECORD.iter_unpack(packet.payload[4:]))
    if not all(1 <= kind <= 6 and (auxiliary, sources) == (0, 0) for kind, auxiliary, sources, _ in reports):
        return None
    return {IPv6Address(group) for *_, group in reports}


def _own_groups(wire: Wire) -> set[IPv6Address]:
    return {solicited_node(address) for address in wire.uplink.addresses if isinstance(address, IPv6Address)}


def _listener_report(packet: Packet, wire: Wire, world: World) -> bool:
    """The kernel's report when its link comes up: the groups of its own addresses, and no others."""
    groups = _reported(packet, wire)
    return groups is not None and groups <= _own_groups(wire)


# what a host that forwards IPv6 listens for: as a router of its link and site (RFC 4291 §2.7.1), and at the
# subnet-router anycast addresses of its networks, which end in zeros (§2.6.1)
GROUPS_OF_ROUTERS = {IPv6Address("ff02::2"), IPv6Address("ff05::2"), solicited_node(IPv6Address("fe80::"))}


def _router_report(packet: Packet, wire: Wire, world: World) -> bool:
    groups = _reported(packet, wire)
    return groups is not None and groups <= _own_groups(wire) | GROUPS_OF_ROUTERS


RULES = (
    Rule("wireguard", "what the guard is for: the tunnel's messages between its port and its endpoint", _wireguard),
    Rule("from-elsewhere", "a peer speaks from another address; the port is open to all", _from_elsewhere),
    Rule("closed-port", "the host refuses late messages to a tunnel that was taken down or restarted", _closed_port),
    Rule("arp", "the host and its known neighbours look each other up", _arp),
    Rule("nd", "the same for IPv6", _neighbour),
    Rule("mld", "the host says which of its own addresses it listens for, when its link comes up", _listener_report),
)

# the name of the exception follows
ALLOWED_EGRESS = "allowed-egress:"


def allowed_egress(name: str, address: str, port: int) -> Rule:
    """An exception of the configuration: TCP between the host itself and one port of one address, by a known neighbour.

    Raises ValueError when `address` is not an IP address.
    """
    exception = ip_address(address), port

    def allows(packet: Packet, wire: Wire, world: World) -> bool:
        near, far = (packet.source, packet.source_port), (packet.destination, packet.destination_port)
        macs = packet.source_mac, packet.destination_mac
        if macs[0] != wire.uplink.mac:
            near, far, macs = far, near, macs[::-1]
        return (
            packet.protocol == frames.TCP
            and not packet.options
            and macs[0] == wire.uplink.mac
            and macs[1] in {s.mac for s in wire.neighbours}
            and near[0] in wire.uplink.addresses
            and far == exception
        )

    return Rule(f"{ALLOWED_EGRESS}{name}", f"an exception of the configuration: {address} port {port}", allows)


# only where a host link makes the host forward; the link comes and goes with the namespace
ROUTER = Rule("mld-router", "the host says that it forwards, when its first host link is made", _router_report)
# not in RULES: the judge compares these frames whole, byte by byte
INJECTED = Rule("injected", "what the lab's side sent to the machine to attack it", lambda packet, wire, world: False)
# on a user's own machine (live/judgement.py)
HOST = Rule("host", "the host's own, which has nothing to do with the namespace", lambda packet, wire, world: False)


def link_local(mac: str) -> IPv6Address:
    """The link-local address that the kernel derives from a MAC (modified EUI-64, RFC 4291 appendix A)."""
    octets = bytes.fromhex(mac.replace(":", ""))
    tail = bytes((octets[0] ^ 2,)) + octets[1:3] + b"\xff\xfe" + octets[3:]
    return IPv6Address(b"\xfe\x80" + bytes(6) + tail)


def station(mac: str, *addresses: str) -> Station:
    """A station from text; the link-local address of its MAC is added."""
    return Station(mac.lower(), frozenset({ip_address(a) for a in addresses} | {link_local(mac)}))
