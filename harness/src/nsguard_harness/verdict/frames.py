"""One Ethernet frame, decoded into what the judge needs.

Scapy decodes. What it accepts without an error (lengths that disagree, bytes left over, reserved bits) is reported in
`Packet.problem`: a frame that is not understood byte by byte is never allowed.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from functools import cache, lru_cache
from types import SimpleNamespace
from typing import Any

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# IANA protocol numbers
ICMP, IGMP, TCP, UDP, ICMP6 = 1, 2, 6, 17, 58
# IPv6 extension headers that are followed to the upper layer (RFC 8200 §4; 51 is the authentication header)
EXTENSIONS = {0: "hop-by-hop", 43: "routing", 44: "fragment", 60: "destination-options"}
MINIMUM_FRAME = 60  # bytes without FCS (IEEE 802.3): shorter frames are padded with zeros
ETHERTYPES = {0x0800: "ipv4", 0x0806: "arp", 0x86DD: "ipv6"}
ETHERNET_HEADER = 14  # bytes
# Where the headers of RFC 826 (IPv4 over Ethernet), RFC 791 §3.1 (without options) and RFC 8200 §3 end in a frame.
ARP_END, IPV4_END, IPV6_END = (ETHERNET_HEADER + length for length in (28, 20, 40))
VLAN_ETHERTYPES = {0x8100, 0x88A8, 0x9100}
# What is read of each header, by scapy's names.
FIELDS = {
    "arp": ("hwtype", "ptype", "hwlen", "plen", "op", "hwsrc", "psrc", "hwdst", "pdst"),
    "ipv4": ("version", "ihl", "len", "src", "dst", "proto", "ttl", "tos", "frag", "flags"),
    "ipv6": ("version", "plen", "nh", "src", "dst", "hlim", "tc"),
}
PORTS = {53: "dns", 67: "dhcp", 68: "dhcp", 80: "http", 123: "ntp", 137: "netbios", 546: "dhcpv6", 547: "dhcpv6"}
PORTS |= {5353: "mdns", 5355: "llmnr"}
ICMP_TYPES = {0: "echo-reply", 3: "unreachable", 5: "redirect", 8: "echo", 11: "time-exceeded"}
ICMP6_TYPES = {1: "unreachable", 2: "too-big", 3: "time-exceeded", 128: "echo", 129: "echo-reply"}
ICMP6_TYPES |= {133: "router-solicitation", 134: "router-advertisement", 135: "neighbour-solicitation"}
ICMP6_TYPES |= {136: "neighbour-advertisement", 137: "redirect", 143: "mld-report"}


@dataclass(frozen=True)
class Arp:
    """The fields of an ARP packet for IPv4 over Ethernet (RFC 826)."""

    operation: int
    sender_mac: str
    sender: Address
    target_mac: str
    target: Address


@dataclass(frozen=True)
class Packet:
    """What one frame says, outermost header first; None where a layer is absent.

    `payload` is what follows the innermost header understood (UDP, TCP, ICMP), else what follows IP; `extensions` are
    IPv6's extension headers, whole.
    """

    length: int
    source_mac: str = ""
    destination_mac: str = ""
    ethertype: int = 0
    vlan: bool = False
    problem: str | None = None
    arp: Arp | None = None
    source: Address | None = None
    destination: Address | None = None
    protocol: int | None = None
    hops: int = 0
    tos: int = 0
    fragment: bool = False
    options: tuple[str, ...] = ()
    extensions: bytes = b""
    source_port: int | None = None
    destination_port: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None
    payload: bytes = field(default=b"", repr=False)

    @property
    def kind(self) -> str:
        """The class this frame is counted in when no rule allows it, e.g. `dns`, `tcp`, `icmpv6 echo`."""
        if self.problem:
            return "unparsable"
        if self.vlan:
            return "vlan"
        if self.source is None:
            # below 1536 the field is a length: an LLC frame (IEEE 802.3 §3.2.6)
            other = "llc" if self.ethertype < 1536 else f"ethertype {self.ethertype:#06x}"
            return ETHERTYPES.get(self.ethertype, other)
        if self.fragment:
            return "ip fragment"
        match self.protocol:
            case 1 if self.icmp_type is not None:
                return f"icmp {ICMP_TYPES.get(self.icmp_type, self.icmp_type)}"
            case 58 if self.icmp_type is not None:
                return f"icmpv6 {ICMP6_TYPES.get(self.icmp_type, self.icmp_type)}"
            case 6 | 17:
                name = PORTS.get(self.destination_port or 0) or PORTS.get(self.source_port or 0)
                return name or ("tcp" if self.protocol == TCP else "udp")
        return f"ip protocol {self.protocol}"

    def summary(self) -> str:
        """One line for people: source, destination, kind, length in bytes."""
        if self.problem:
            return f"{self.source_mac} > {self.destination_mac} unparsable: {self.problem}, {self.length} bytes"
        if self.arp:
            return f"arp {self.arp.operation} {self.arp.sender} ({self.arp.sender_mac}) > {self.arp.target}"
        if self.source is None:
            return f"{self.source_mac} > {self.destination_mac} {self.kind}, {self.length} bytes"
        who = _end(self.source, self.source_port)
        whom = _end(self.destination, self.destination_port)
        return f"{who} > {whom} {self.kind}, {self.length} bytes"


def _end(address: Address | None, port: int | None) -> str:
    if port is None:
        return str(address)
    return f"[{address}]:{port}" if isinstance(address, ipaddress.IPv6Address) else f"{address}:{port}"


@cache
def _header(name: str) -> Any:
    """Scapy's class of a header. Imported when it is first needed: that costs more than a small run's judging."""
    from scapy.layers import inet, inet6, l2

    return {"arp": l2.ARP, "ipv4": inet.IP, "ipv6": inet6.IPv6}[name]


def _header_end(kind: str, data: bytes) -> int:
    words = int.from_bytes(data[ETHERNET_HEADER : ETHERNET_HEADER + 1]) & 0xF
    return {"arp": ARP_END, "ipv4": max(IPV4_END, ETHERNET_HEADER + 4 * words), "ipv6": IPV6_END}[kind]


@lru_cache(4096)
def _decoded(kind: str, octets: bytes) -> Any:
    """A header alone: the whole frame would take five times as long, and of the rest ports are enough.

    Kept, because most frames of a flow have the very same, but for what `_unnumbered` takes out. Raises what scapy's
    fields raise.
    """
    header = _header(kind)(_internal=1)
    header.do_dissect(octets)
    # read once: scapy looks up each field for as long as the rest of a frame takes
    return SimpleNamespace(**{name: getattr(header, name) for name in FIELDS[kind]})


def _unnumbered(kind: str, header: bytes) -> bytes:
    """A header without the two fields that differ in every packet of a flow and are not judged.

    These are IPv4's identification and checksum (RFC 791 §3.1).
    """
    return header[:4] + bytes(2) + header[6:10] + bytes(2) + header[12:] if kind == "ipv4" else header


@lru_cache(4096)
def _address(text: str) -> Address:
    return ipaddress.ip_address(text)


def decode(data: bytes) -> Packet:
    """Decode an Ethernet frame without FCS. Never raises: what can't be decoded says why in `problem`."""
    if len(data) < ETHERNET_HEADER:
        return Packet(len(data), problem="shorter than an Ethernet header")
    destination, source = (data[i : i + 6].hex(":") for i in (0, 6))
    ethertype = int.from_bytes(data[12:14])
    base: dict[str, Any] = {"length": len(data), "ethertype": ethertype}
    base |= {"source_mac": source, "destination_mac": destination}
    if ethertype in VLAN_ETHERTYPES:
        return Packet(**base, vlan=True)
    if ethertype not in ETHERTYPES:
        return Packet(**base)
    kind = ETHERTYPES[ethertype]
    try:
        header = _decoded(kind, _unnumbered(kind, data[ETHERNET_HEADER : _header_end(kind, data)]))
        fields = {"arp": _arp, "ipv4": _ipv4, "ipv6": _ipv6}[kind](header, data)
    except Exception as error:  # scapy raises whatever its fields happen to raise on hostile bytes
        return Packet(**base, problem=f"{type(error).__name__.lower()} while decoding")
    return Packet(**(base | fields))


def _arp(arp: Any, data: bytes) -> dict[str, Any]:
    if len(data) < ARP_END or (arp.hwtype, arp.ptype, arp.hwlen, arp.plen) != (1, 0x0800, 6, 4):
        return {"problem": "arp that is not IPv4 over Ethernet"}
    fields = Arp(arp.op, arp.hwsrc, _address(arp.psrc), arp.hwdst, _address(arp.pdst))
    return {"arp": fields, "problem": _trailer(data, ARP_END)}


def _ipv4(ip: Any, data: bytes) -> dict[str, Any]:
    if len(data) < IPV4_END or ip.version != 4 or ip.ihl < 5:
        return {"problem": "not an IPv4 header"}
    header, end = ETHERNET_HEADER + 4 * ip.ihl, ETHERNET_HEADER + ip.len
    fields: dict[str, Any] = {
        "source": _address(ip.src),
        "destination": _address(ip.dst),
        "protocol": ip.proto,
        "hops": ip.ttl,
        "tos": ip.tos,
        "fragment": bool(ip.frag or int(ip.flags) & 1),
        "options": ("ipv4-options",) if ip.ihl > 5 else (),
    }
    if end < header or end > len(data):
        return fields | {"problem": f"IPv4 length {ip.len} in a frame of {len(data)} bytes"}
    if int(ip.flags) & 4:
        return fields | {"problem": "reserved IPv4 flag set"}
    return fields | _upper(ip.proto, data[header:end], fields["fragment"], _trailer(data, end))


def _ipv6(ip: Any, data: bytes) -> dict[str, Any]:
    if len(data) < IPV6_END or ip.version != 6:
        return {"problem": "not an IPv6 header"}
    offset, end, protocol, options = IPV6_END, IPV6_END + ip.plen, ip.nh, []
    fields: dict[str, Any] = {
        "source": _address(ip.src),
        "destination": _address(ip.dst),
        "hops": ip.hlim,
        "tos": ip.tc,
    }
    if end > len(data):
        return fields | {"problem": f"IPv6 length {ip.plen} in a frame of {len(data)} bytes"}
    while protocol in EXTENSIONS:
        options.append(EXTENSIONS[protocol])
        if offset + 8 > end:
            return fields | {"problem": "IPv6 extension headers run past the packet"}
        size = 8 if protocol == 44 else 8 * (data[offset + 1] + 1)
        protocol, offset = data[offset], offset + size
    if offset > end:
        return fields | {"problem": "IPv6 extension headers run past the packet"}
    fields |= {"protocol": protocol, "options": tuple(options), "fragment": "fragment" in options}
    fields["extensions"] = data[IPV6_END:offset]
    return fields | _upper(protocol, data[offset:end], fields["fragment"], _trailer(data, end))


def _upper(protocol: int, body: bytes, fragment: bool, problem: str | None) -> dict[str, Any]:
    """The layer above IP. A fragment is judged as such, so its body stays undecoded."""
    if problem or fragment:
        return {"problem": problem, "payload": body}
    match protocol:
        case 17:
            if len(body) < 8 or int.from_bytes(body[4:6]) != len(body):
                return {"problem": "UDP length disagrees with IP's", "payload": body}
            return _ports(body) | {"payload": body[8:]}
        case 6:
            header = 4 * (body[12] >> 4) if len(body) >= 20 else 0
            if header < 20 or header > len(body):
                return {"problem": "TCP header runs past the packet", "payload": body}
            return _ports(body) | {"payload": body[header:]}
        case 1 | 58:
            if len(body) < 8:
                return {"problem": "ICMP shorter than its header", "payload": body}
            return {"icmp_type": body[0], "icmp_code": body[1], "payload": body[4:]}
    return {"payload": body}


def _ports(body: bytes) -> dict[str, int]:
    return {"source_port": int.from_bytes(body[:2]), "destination_port": int.from_bytes(body[2:4])}


def _trailer(data: bytes, end: int) -> str | None:
    """Bytes after the packet: only zeros that fill the frame up to Ethernet's minimum are in order."""
    if not any(data[end:]) and len(data) <= max(end, MINIMUM_FRAME):
        return None
    return f"{len(data) - end} bytes after the packet"
