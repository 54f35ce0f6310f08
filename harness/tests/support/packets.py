"""The frames of a small network: for each rule some that it allows, and some that nearly look like them."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from typing import Any

from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_Timestamp
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6MLDMultAddrRec,
    ICMPv6MLReport2,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    Jumbo,
    RouterAlert,
)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet, Padding, Raw

from nsguard_harness.verdict.rules import (
    ROUTER,
    Wire,
    World,
    allowed_egress,
    link_local,
    multicast_mac,
    solicited_node,
    station,
)

OWN, GATE, STRANGER = "02:00:00:00:00:02", "02:00:00:00:00:01", "02:00:00:00:00:99"
OWN4, GATE4, OWN6, GATE6 = "198.51.100.2", "198.51.100.1", "2001:db8:51::2", "2001:db8:51::1"
END4, END6, PORT, END_PORT = "203.0.113.51", "2001:db8:113::51", 41000, 51820
TUNNEL4, TUNNEL6 = "10.66.0.2", "fd66::2"
NAS4, NAS6 = "203.0.113.90", "2001:db8:113::90"
MTU = 1420  # no multiple of 16: a packet of that size is not padded

WORLD = World(
    wires={"wan": Wire(station(OWN, OWN4, OWN6), (station(GATE, GATE4, GATE6),))},
    endpoints=frozenset({(ip_address(END4), END_PORT), (ip_address(END6), END_PORT)}),
    listen_ports=frozenset({PORT}),
    tunnel_addresses=frozenset({ip_address(TUNNEL4), ip_address(TUNNEL6)}),
    mtus=frozenset({MTU}),
    exceptions=(allowed_egress("nas", NAS4, 445), allowed_egress("printer", NAS6, 631), ROUTER),
)


def ether(source: str = OWN, destination: str = GATE, **fields: Any) -> Packet:
    return Ether(src=source, dst=destination, **fields)


def message(kind: int = 4, size: int = 64, reserved: bytes = bytes(3)) -> Raw:
    return Raw(bytes((kind,)) + reserved + b"\xa5" * (size - 4))


def tunnel4(body: Packet, tos: int = 0, sport: int = PORT, **fields: Any) -> Packet:
    header: dict[str, Any] = {"src": OWN4, "dst": END4, "tos": tos} | fields
    return ether() / IP(**header) / UDP(sport=sport, dport=END_PORT) / body


def tunnel6(body: Packet, tc: int = 0, **fields: Any) -> Packet:
    header: dict[str, Any] = {"src": OWN6, "dst": END6, "tc": tc} | fields
    return ether() / IPv6(**header) / UDP(sport=PORT, dport=END_PORT) / body


def arp(op: int = 1, destination: str = "ff:ff:ff:ff:ff:ff", source: str = OWN, **fields: Any) -> Packet:
    defaults: dict[str, Any] = {"hwsrc": OWN, "psrc": OWN4, "hwdst": "00:00:00:00:00:00", "pdst": GATE4}
    return ether(source, destination) / ARP(op=op, **(defaults | fields))


def solicit(target: str = GATE6, source: str = OWN6, option: str = OWN, hops: int = 255, **fields: Any) -> Packet:
    group = solicited_node(IPv6Address(target))
    body = ICMPv6ND_NS(tgt=target, **fields) / ICMPv6NDOptSrcLLAddr(lladdr=option)
    return ether(OWN, multicast_mac(group)) / IPv6(src=source, dst=str(group), hlim=hops) / body


def advertise(target: str = OWN6, option: str = OWN, destination: str = GATE6, **fields: Any) -> Packet:
    body = ICMPv6ND_NA(tgt=target, S=1, R=0, **fields) / ICMPv6NDOptDstLLAddr(lladdr=option)
    return ether() / IPv6(src=OWN6, dst=destination, hlim=255) / body


def refuse4(late: Packet, **fields: Any) -> Packet:
    """The host's answer to a late message: ICMP port unreachable, quoting it."""
    kind: dict[str, Any] = {"type": 3, "code": 3} | fields
    made: Packet = ether() / IP(src=OWN4, dst=END4, tos=0xC0) / ICMP(**kind) / late[IP]
    return made


def refuse6(late: Packet, code: int = 4) -> Packet:
    made: Packet = ether() / IPv6(src=OWN6, dst=END6) / ICMPv6DestUnreach(code=code) / late[IPv6]
    return made


def back(packet: Packet) -> Packet:
    """The same packet on its way from the other end."""
    answer = packet.copy()
    answer[Ether].src, answer[Ether].dst = packet[Ether].dst, packet[Ether].src
    layer = IP if IP in packet else IPv6
    answer[layer].src, answer[layer].dst = packet[layer].dst, packet[layer].src
    answer[UDP].sport, answer[UDP].dport = packet[UDP].dport, packet[UDP].sport
    return answer


def elsewhere(body: Packet, **fields: Any) -> Packet:
    """A tunnel message to us from an address that is no endpoint."""
    return back(tunnel4(body, dst="203.0.113.52", **fields))


def nas(flags: str = "S", **fields: Any) -> Packet:
    """A segment to the host of an exception."""
    made: Packet = ether() / IP(src=OWN4, dst=NAS4) / TCP(**{"sport": 5000, "dport": 445, "flags": flags, **fields})
    return made


def from_nas(flags: str = "SA") -> Packet:
    made: Packet = ether(GATE, OWN) / IP(src=NAS4, dst=OWN4) / TCP(sport=445, dport=5000, flags=flags)
    return made


def report(
    groups: Sequence[object] = (solicited_node(IPv6Address(OWN6)),),
    kind: int = 3,
    source: str = str(link_local(OWN)),
    destination: str = "ff02::16",
    hops: int = 1,
    alert: Packet | None = None,
    **fields: Any,
) -> Packet:
    records = [ICMPv6MLDMultAddrRec(rtype=kind, dst=str(group), **fields) for group in groups]
    made: Packet = (
        ether(OWN, multicast_mac(IPv6Address("ff02::16")))
        / IPv6(src=source, dst=destination, hlim=hops)
        / IPv6ExtHdrHopByHop(options=[alert or RouterAlert()])
        / ICMPv6MLReport2(records=records)
    )
    return made


ALLOWED: dict[str, list[Packet]] = {
    "wireguard": [
        tunnel4(message(1, 148), tos=0x88),
        tunnel4(message(1, 148)),
        back(tunnel4(message(2, 92), tos=0x88)),
        back(tunnel4(message(3, 64))),
        tunnel4(message(4, 32)),
        tunnel4(message(4, 1424), tos=1, flags="DF"),
        tunnel4(message(4, 32 + MTU)),
        tunnel6(message(1, 148), tc=0x88),
        back(tunnel6(message(4, 96))),
    ],
    "from-elsewhere": [
        elsewhere(message()),
        elsewhere(message(1, 148), tos=0x88),
        ether(GATE, OWN) / IPv6(src="2001:db8::9", dst=OWN6) / UDP(sport=9, dport=PORT) / message(),
    ],
    "closed-port": [refuse4(back(tunnel4(message()))), refuse6(back(tunnel6(message(1, 148))))],
    "arp": [
        arp(),
        arp(destination=GATE),
        arp(2, GATE, hwdst=GATE),
        arp() / Padding(bytes(18)),
        arp(source=GATE, hwsrc=GATE, psrc=GATE4, pdst=OWN4),
    ],
    "mld": [
        report(),
        report(source="::"),
        report(kind=4),
        report(groups=[solicited_node(IPv6Address(OWN6)), solicited_node(link_local(OWN))]),
    ],
    "allowed-egress:nas": [nas(), from_nas(), nas("PA") / Raw(b"hello"), from_nas("R")],
    "allowed-egress:printer": [ether() / IPv6(src=OWN6, dst=NAS6) / TCP(sport=5000, dport=631)],
    "mld-router": [
        report(["ff02::2"], source="::"),
        report(["ff02::2", "ff05::2", "ff02::1:ff00:0"], kind=4),
        report(["ff02::2", solicited_node(IPv6Address(OWN6))], kind=2),
    ],
    "nd": [solicit(), advertise(), solicit(source=str(link_local(OWN))), solicit(target=str(link_local(GATE)))],
}

NEAR: dict[str, dict[str, Packet]] = {
    "wireguard": {
        "another source port": tunnel4(message(), sport=PORT + 1),
        "another source address": tunnel4(message(), src="198.51.100.3"),
        "another endpoint": tunnel4(message(), dst="203.0.113.52"),
        "another endpoint port": ether() / IP(src=OWN4, dst=END4) / UDP(sport=PORT, dport=END_PORT + 1) / message(),
        "plain text to the endpoint": tunnel4(Raw(b"GET / HTTP/1.1\r\nHost: example.test\r\n\r\n".ljust(64))),
        "a message type that does not exist": tunnel4(message(5)),
        "type zero": tunnel4(message(0)),
        "reserved bytes in use": tunnel4(message(reserved=b"\0\0\1")),
        "initiation one byte long": tunnel4(message(1, 149)),
        "initiation's size, response's type": tunnel4(message(2, 148)),
        "cookie of another size": tunnel4(message(3, 80)),
        "data that is not padded": tunnel4(message(4, 65)),
        "data a byte short of the MTU": tunnel4(message(4, 32 + MTU - 1)),
        "data a byte over the MTU": tunnel4(message(4, 32 + MTU + 1)),
        "a handshake of the MTU's size": tunnel4(message(1, 32 + MTU)),
        "data shorter than a keepalive": tunnel4(message(4, 16)),
        "data with the handshake's mark": tunnel4(message(), tos=0x88),
        "handshake with another mark": tunnel4(message(1, 148), tos=0x10),
        "IP options": tunnel4(message(), options=[IPOption_Timestamp()]),
        "reserved IP flag": tunnel4(message(), flags="evil"),
        "bytes after the packet": tunnel4(message()) / Padding(b"\0"),
        "TCP": ether() / IP(src=OWN4, dst=END4) / TCP(sport=PORT, dport=END_PORT) / message(),
        "to a stranger's MAC": Ether(src=OWN, dst=STRANGER) / tunnel4(message())[IP],
        "from a stranger's MAC": Ether(src=STRANGER, dst=GATE) / tunnel4(message())[IP],
        "an IPv6 extension header": ether()
        / IPv6(src=OWN6, dst=END6)
        / IPv6ExtHdrDestOpt()
        / UDP(sport=PORT, dport=END_PORT)
        / message(),
        "first fragment": tunnel4(message(), flags="MF"),
        "later fragment": ether() / IP(src=OWN4, dst=END4, frag=3, proto=17) / message(),
        "IPv6 fragment": ether() / IPv6(src=OWN6, dst=END6) / IPv6ExtHdrFragment(m=1) / UDP() / message(),
        "UDP length that lies": ether() / IP(src=OWN4, dst=END4) / UDP(sport=PORT, dport=END_PORT, len=40) / message(),
        "VLAN tag": ether() / Dot1Q(vlan=5) / tunnel4(message())[IP],
    },
    "from-elsewhere": {
        "our answer to there": back(elsewhere(message())),
        "to a port that is not the tunnel's": elsewhere(message(), sport=PORT + 1),
        "to another address than ours": elsewhere(message(), src="198.51.100.3"),
        "no message of WireGuard's": elsewhere(Raw(b"hello".ljust(64))),
        "from a stranger's MAC": Ether(src=STRANGER, dst=OWN) / elsewhere(message())[IP],
        "to a stranger's MAC": Ether(src=GATE, dst=STRANGER) / elsewhere(message())[IP],
        "IP options": elsewhere(message(), options=[IPOption_Timestamp()]),
    },
    "closed-port": {
        "quotes a message of ours": refuse4(tunnel4(message())),
        "quotes plain text": refuse4(back(tunnel4(Raw(b"GET / HTTP/1.1\r\n")))),
        "quotes another port of the host": refuse4(back(tunnel4(message(), sport=PORT + 1))),
        "quotes another sender": refuse4(back(tunnel4(message(), dst=GATE4))),
        "quotes TCP": refuse4(ether() / IP(src=END4, dst=OWN4) / TCP(sport=END_PORT, dport=PORT)),
        "another code": refuse4(back(tunnel4(message())), code=1),
        "another type": refuse4(back(tunnel4(message())), type=11),
        "unused bytes in use": refuse4(back(tunnel4(message())), nexthopmtu=9),
        "to another host": ether() / IP(src=OWN4, dst=GATE4) / ICMP(type=3, code=3) / back(tunnel4(message()))[IP],
        "from another host": Ether(src=STRANGER, dst=GATE) / refuse4(back(tunnel4(message())))[IP],
        "cut off": Ether(bytes(ether() / IP(src=OWN4, dst=END4) / ICMP(type=3, code=3) / Raw(b"\x45"))),
        "another code, IPv6": refuse6(back(tunnel6(message())), code=1),
        "quotes a message of ours, IPv6": refuse6(tunnel6(message())),
    },
    "arp": {
        "who-has the tunnel's address": arp(pdst=TUNNEL4),
        "tell the tunnel's address": arp(psrc=TUNNEL4),
        "unknown target": arp(pdst="198.51.100.77"),
        "unknown sender": arp(source=STRANGER, hwsrc=STRANGER),
        "sender's MAC differs from the frame's": arp(source=GATE),
        "gratuitous reply to all": arp(2),
        "reverse request": arp(3),
        "target MAC in a request to all": arp(hwdst=STRANGER),
        "bytes in the padding": arp() / Padding(b"\0" * 17 + b"x"),
        "truncated": Ether(bytes(arp())[:30]),
    },
    "nd": {
        "solicit the tunnel's address": solicit(target=TUNNEL6),
        "solicit a stranger": solicit(target="2001:db8:51::77"),
        "from the tunnel's address": solicit(source=TUNNEL6),
        "from off the link": solicit(hops=64),
        "reserved bits in use": solicit(res=7),
        "another MAC in the option": solicit(option=STRANGER),
        "option of another type": ether()
        / IPv6(src=OWN6, dst=GATE6, hlim=255)
        / ICMPv6ND_NS(tgt=GATE6)
        / Raw(b"\5\1abcdef"),
        "two options": solicit() / ICMPv6NDOptSrcLLAddr(lladdr=OWN),
        "advertise the tunnel's address": advertise(target=TUNNEL6),
        "advertise to all nodes": Ether(src=OWN, dst="33:33:00:00:00:01") / advertise(destination="ff02::1")[IPv6],
        "advertise with reserved bits": advertise(res=1),
    },
}
NEAR["mld"] = {
    "a group that is not its own addresses'": report(["ff02::fb"]),
    "an address that is not its own": report([solicited_node(IPv6Address("fd66::9"))]),
    "one of two is not its own": report([solicited_node(IPv6Address(OWN6)), "ff02::fb"]),
    "a source in the record": report(sources=["2001:db8::1"]),
    "auxiliary data": report(auxdata=b"hide"),
    "a record type that does not exist": report(kind=7),
    "from an address that is not its own": report(source="fe80::9"),
    "to somebody else": report(destination="ff02::1"),
    "for the next network": report(hops=2),
    "more in the hop-by-hop header": report(alert=Jumbo(jumboplen=9)),
    "from a stranger's MAC": Ether(src=STRANGER, dst="33:33:00:00:00:16") / report()[IPv6],
    "to a neighbour's MAC": Ether(src=OWN, dst=GATE) / report()[IPv6],
    "without its header": ether(OWN, "33:33:00:00:00:16")
    / IPv6(src=str(link_local(OWN)), dst="ff02::16", hlim=1)
    / ICMPv6MLReport2(records=[ICMPv6MLDMultAddrRec(dst=str(solicited_node(IPv6Address(OWN6))))]),
}
NEAR["allowed-egress:nas"] = {
    "another port": nas(dport=446),
    "its port at our end": nas(sport=445, dport=5000),
    "another address": ether() / IP(src=OWN4, dst="203.0.113.91") / TCP(dport=445),
    "the other exception's port": nas(dport=631),
    "from another address": ether() / IP(src=TUNNEL4, dst=NAS4) / TCP(dport=445),
    "by another machine": Ether(src=STRANGER, dst=GATE) / nas()[IP],
    "by a stranger's MAC": Ether(src=OWN, dst=STRANGER) / nas()[IP],
    "to all": Ether(src=OWN, dst="ff:ff:ff:ff:ff:ff") / nas()[IP],
    "by UDP": ether() / IP(src=OWN4, dst=NAS4) / UDP(sport=5000, dport=445),
    "an echo request": ether() / IP(src=OWN4, dst=NAS4) / ICMP(),
    "a fragment": ether() / IP(src=OWN4, dst=NAS4, flags="MF") / TCP(dport=445),
    "IP options": ether() / IP(src=OWN4, dst=NAS4, options=[IPOption_Timestamp()]) / TCP(dport=445),
    "an answer from another port": ether(GATE, OWN) / IP(src=NAS4, dst=OWN4) / TCP(sport=446, dport=5000),
    "an answer to another machine": ether(GATE, STRANGER) / from_nas()[IP],
}
NEAR["allowed-egress:printer"] = {
    "the other's address": ether() / IPv6(src=OWN6, dst=GATE6) / TCP(dport=631),
    "extension headers": ether() / IPv6(src=OWN6, dst=NAS6) / IPv6ExtHdrDestOpt() / TCP(sport=5000, dport=631),
}
NEAR["mld-router"] = {
    "another group": report(["ff02::2", "ff02::fb"]),
    "all routers of a scope that no link has": report(["ff0e::2"]),
    "all OSPF routers": report(["ff02::5"]),
    "another's anycast address": report(["ff02::1:ff00:1"]),
    "from an address that is not its own": report(["ff02::2"], source="fe80::9"),
    "from another machine": Ether(src=STRANGER, dst="33:33:00:00:00:16") / report(["ff02::2"])[IPv6],
    "for the next network": report(["ff02::2"], hops=2),
    "a source in the record": report(["ff02::2"], sources=["2001:db8::1"]),
    "auxiliary data": report(["ff02::2"], auxdata=b"hide"),
    "a record type that does not exist": report(["ff02::2"], kind=7),
    "a solicitation for routers": ether(OWN, "33:33:00:00:00:02")
    / IPv6(src=OWN6, dst="ff02::2", hlim=255)
    / ICMPv6ND_RS(),
}
