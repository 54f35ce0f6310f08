"""The fields that are read from a frame are those that scapy reads, also from damaged frames."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether

from nsguard_harness.verdict import frames
from packets import ALLOWED, NEAR

FRAMES = sorted(
    {
        bytes(packet)
        for packets in (*ALLOWED.values(), *(cases.values() for cases in NEAR.values()))
        for packet in packets
    }
)


def read_by_scapy(data: bytes) -> dict[str, Any]:
    """The fields of `frames.Packet` that scapy reads from the headers of a whole frame."""
    frame = Ether(data)
    fields: dict[str, Any] = {"source_mac": frame.src, "destination_mac": frame.dst, "ethertype": frame.type}
    if frame.type == 0x0806:
        arp = frame[ARP]
        sender, target = (arp.hwsrc, ip_address(arp.psrc)), (arp.hwdst, ip_address(arp.pdst))
        return fields | {"arp": frames.Arp(arp.op, *sender, *target)}
    header = frame[IP] if frame.type == 0x0800 else frame[IPv6]
    fields |= {"source": ip_address(header.src), "destination": ip_address(header.dst)}
    if header.version == 4:
        fields |= {"hops": header.ttl, "tos": header.tos, "protocol": header.proto}
        fields |= {"fragment": bool(header.frag or header.flags.MF)}
    else:
        fields |= {"hops": header.hlim, "tos": header.tc}
    if fields.get("fragment"):
        return fields
    for layer in (TCP, UDP):
        if isinstance(header.payload, layer):
            fields |= {"source_port": header.payload.sport, "destination_port": header.payload.dport}
    if isinstance(header.payload, ICMP):
        fields |= {"icmp_type": header.payload.type, "icmp_code": header.payload.code}
    return fields


@given(st.sampled_from(FRAMES), st.dictionaries(st.integers(0, 80), st.integers(0, 255), max_size=3))
def test_a_frame_is_read_as_scapy_reads_it(frame: bytes, damage: dict[int, int]) -> None:
    data = bytearray(frame)
    for at, value in damage.items():
        data[at % len(data)] = value
    packet = frames.decode(bytes(data))
    if packet.problem or packet.vlan or packet.ethertype not in frames.ETHERTYPES:
        return
    expected = read_by_scapy(bytes(data))
    assert {name: getattr(packet, name) for name in expected} == expected


def test_frames_that_are_allowed_are_among_those_compared() -> None:
    read = [frames.decode(frame) for frame in FRAMES]
    assert sum(packet.problem is None for packet in read) > 100
    assert {packet.ethertype for packet in read if packet.problem is None} >= set(frames.ETHERTYPES)


@given(st.sampled_from(FRAMES), st.data())
def test_a_frame_that_is_cut_off_is_read_as_far_as_it_goes(frame: bytes, data: st.DataObject) -> None:
    packet = frames.decode(frame[: data.draw(st.integers(0, len(frame)))])
    assert packet.length <= len(frame)
    assert packet.summary()
