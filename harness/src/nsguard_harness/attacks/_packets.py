"""Packets and frames by hand (RFC 791, 792, 826, 768, 4443, 4861, 8200, 9293). The standard library only."""

from __future__ import annotations

import socket
import struct

from ._tools import checksum

TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
SYN, SYN_ACK, ACK = 0x02, 0x12, 0x10
BROADCAST = "ff:ff:ff:ff:ff:ff"


def packed(address: str) -> bytes:
    """An address of either family as bytes."""
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def hardware(mac: str) -> bytes:
    """A MAC address as bytes."""
    return bytes.fromhex(mac.replace(":", ""))


def frame(destination: str, source: str, packet: bytes) -> bytes:
    """An Ethernet frame around an IP packet of either family."""
    ethertype = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
    return hardware(destination) + hardware(source) + struct.pack("!H", ethertype) + packet


def ip(source: str, destination: str, protocol: int, body: bytes, hops: int = 64) -> bytes:
    """An IP packet; its family is that of its addresses."""
    ends = packed(source) + packed(destination)
    if ":" in source:
        return struct.pack("!IHBB", 6 << 28, len(body), protocol, hops) + ends + body
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, hops, protocol, 0) + ends
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + body


def checked(source: str, destination: str, protocol: int, body: bytes, at: int) -> bytes:
    """A body with its checksum at an offset; over the pseudo header too, but for ICMP."""
    pseudo = packed(source) + packed(destination)
    pseudo += struct.pack("!I3xB" if ":" in source else "!2xHxB", len(body), protocol)
    value = checksum((b"" if protocol == ICMP else pseudo) + body) or 0xFFFF
    return body[:at] + struct.pack("!H", value) + body[at + 2 :]


def udp(source: str, destination: str, ports: tuple[int, int], data: bytes) -> bytes:
    """An IP packet with a UDP datagram."""
    body = struct.pack("!4H", *ports, 8 + len(data), 0) + data
    return ip(source, destination, UDP, checked(source, destination, UDP, body, 6))


def tcp(source: str, destination: str, ports: tuple[int, int], flags: int, data: bytes = b"") -> bytes:
    """An IP packet with a TCP segment of some sequence number."""
    body = struct.pack("!HHIIBBHHH", *ports, 0x6E670001, 0x6E670002, 5 << 4, flags, 64240, 0, 0) + data
    return ip(source, destination, TCP, checked(source, destination, TCP, body, 16))


def echo(source: str, destination: str, data: bytes) -> bytes:
    """An IP packet with an echo request."""
    kind, protocol = (128, ICMP6) if ":" in source else (8, ICMP)
    body = struct.pack("!BBHHH", kind, 0, 0, 0x6E67, 1) + data
    return ip(source, destination, protocol, checked(source, destination, protocol, body, 2))


def who_has(mac: str, own: str, target: str) -> bytes:
    """The frame that asks for an address' MAC: an ARP request, or a neighbour solicitation to its multicast group."""
    if ":" not in target:
        ends = hardware(mac) + packed(own) + bytes(6) + packed(target)
        return hardware(BROADCAST) + hardware(mac) + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1) + ends
    group = f"ff02::1:ff{packed(target)[13]:02x}:{int.from_bytes(packed(target)[14:]):x}"
    body = struct.pack("!BBHI", 135, 0, 0, 0) + packed(target) + b"\x01\x01" + hardware(mac)
    packet = ip(own, group, ICMP6, checked(own, group, ICMP6, body, 2), 255)
    return frame("33:33:" + packed(group)[12:].hex(":"), mac, packet)


def advertisement(mac: str, own: str, prefix: str, resolver: str) -> bytes:
    """The frame of a router advertisement to all nodes: an on-link prefix, a route to it and a resolver (RFC 8106).

    It does not offer itself as a default router; all is valid for a minute.
    """
    group, network = "ff02::1", packed(prefix)
    body = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 0, 0, 0)
    body += struct.pack("!BBBBIII", 3, 4, 64, 0x80, 60, 60, 0) + network
    body += struct.pack("!BBBBI", 24, 3, 64, 0, 60) + network
    body += struct.pack("!BBHI", 25, 3, 0, 60) + packed(resolver)
    return frame("33:33:00:00:00:01", mac, ip(own, group, ICMP6, checked(own, group, ICMP6, body, 2), 255))
