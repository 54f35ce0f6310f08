"""The judge where a host has traffic of its own: a frame counts that has to do with the namespace or with an attack.

It does if it carries a token, goes to or comes from the address that an attack was given, bears an address of the
tunnel's, or leaves from the tunnel's own port. Of these only the tunnel's messages to its endpoint may be there. All
else is the host's, and is counted and not looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from ..capture import Frame
from ..verdict import frames
from ..verdict.frames import Address, Packet
from ..verdict.judge import Judgement, Leak
from ..verdict.rules import HANDSHAKE_SIZES, HOST, OVERHEAD, TRANSPORT
from ..verdict.tokens import Tokens

WIREGUARD = "wireguard"


@dataclass(frozen=True)
class Scene:
    """What is known of this host. targets: address → the token of the attack that was given it."""

    targets: Mapping[Address, str]
    own: frozenset[Address]
    tunnel: frozenset[Address]
    port: int
    endpoints: frozenset[tuple[Address, int]]


def judge(captured: Iterable[Frame], scene: Scene, tokens: Tokens, dropped: int = 0) -> tuple[Judgement, list[Frame]]:
    """Every frame, classified; and those that are not the host's own."""
    classes: Counter[str] = Counter()
    leaks: list[Leak] = []
    kept: list[Frame] = []
    needles = _needles(scene)
    for frame in captured:
        found = tokens.find(frame.data)
        if not found and not any(needle in frame.data for needle in needles):
            classes[HOST.name] += 1
            continue
        packet = frames.decode(frame.data)
        verdict = WIREGUARD if _is_the_tunnels(packet, scene) and not found else _reason(packet, found, scene)
        if verdict in (HOST.name, WIREGUARD):
            classes[verdict] += 1
            if verdict == WIREGUARD:
                kept.append(frame)
            continue
        kept.append(frame)
        classes[f"!{packet.kind}"] += 1
        by_address = (scene.targets[one] for one in addresses(packet) if one in scene.targets)
        for token in found or (next(by_address, None),):
            whose = tokens.attacks.get(token) if token else None
            leaks.append(Leak(frame.time, frame.wire, packet.kind, packet.summary(), verdict, token, whose))
    return Judgement(sum(classes.values()), dropped, dict(classes), tuple(leaks)), kept


def _needles(scene: Scene) -> list[bytes]:
    """Bytes that a frame of interest holds: what lacks them all need not be decoded."""
    prefixes = {one.packed[: 3 if one.version == 4 else 8] for one in scene.targets}
    return [*prefixes, *(one.packed for one in scene.tunnel), scene.port.to_bytes(2, "big")]


def _reason(packet: Packet, found: tuple[str, ...], scene: Scene) -> str:
    """Why a frame is a leak, or that it is the host's own affair."""
    if found:
        return "a token in clear"
    near = addresses(packet)
    if near & scene.targets.keys():
        return "it has to do with an address that only an attack was given"
    if near & scene.tunnel:
        return "a tunnel address on the uplink"
    if packet.protocol == frames.UDP and packet.source in scene.own and packet.source_port == scene.port:
        return "from the tunnel's port, and no message of the tunnel to its endpoint"
    return HOST.name


def addresses(packet: Packet) -> frozenset[Address]:
    """Every address that a frame speaks of: its ends, and who is asked for or told by ARP or neighbour discovery."""
    found = {packet.source, packet.destination}
    if packet.arp:
        found |= {packet.arp.sender, packet.arp.target}
    if packet.protocol == frames.ICMP6 and packet.icmp_type in (135, 136) and len(packet.payload) >= 20:
        found.add(ip_address(packet.payload[4:20]))
    return frozenset(one for one in found if one is not None)


def _is_the_tunnels(packet: Packet, scene: Scene) -> bool:
    """A message between the tunnel's port and an endpoint.

    A capture on the host sees several that are sent in one go as one (UDP_SEGMENT, udp(7)), so that of a transport
    message only the beginning is exact.
    """
    if packet.problem or packet.protocol != frames.UDP or packet.fragment:
        return False
    ends = (packet.source, packet.source_port), (packet.destination, packet.destination_port)
    far, near = ends if ends[0] in scene.endpoints else ends[::-1]
    if far not in scene.endpoints or near[0] not in scene.own or near[1] != scene.port:
        return False
    payload = packet.payload
    if len(payload) < OVERHEAD or payload[1:4] != bytes(3):
        return False
    return payload[0] == TRANSPORT or HANDSHAKE_SIZES.get(payload[0]) == len(payload)
