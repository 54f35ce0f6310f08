"""The judge on a host that has traffic of its own: only frames that concern the namespace or an attack are judged.

A frame concerns them if it carries a token, goes to or comes from the address that an attack was given, contains an
address of the tunnel, or leaves from the tunnel's own port. Of these only the tunnel's messages to its endpoint are
allowed. All other frames are the host's: they are counted, and not examined.
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
    """What is known of this host. targets: address → the token of the attack that was given it; own: the host's
    addresses; tunnel: those of the tunnel; port: the UDP port that the tunnel listens on.
    """

    targets: Mapping[Address, str]
    own: frozenset[Address]
    tunnel: frozenset[Address]
    port: int
    endpoints: frozenset[tuple[Address, int]]


def judge_host(
    captured: Iterable[Frame], scene: Scene, tokens: Tokens, dropped: int = 0
) -> tuple[Judgement, list[Frame]]:
    """Classify every frame; returns the judgement, and the frames that concern the namespace or an attack."""
    classes: Counter[str] = Counter()
    leaks: list[Leak] = []
    concerned: list[Frame] = []
    needles = _needles(scene)
    for frame in captured:
        carried = tokens.find(frame.data)
        if not carried and not any(needle in frame.data for needle in needles):
            classes[HOST.name] += 1
            continue
        packet = frames.decode(frame.data)
        verdict = WIREGUARD if _is_the_tunnels(packet, scene) and not carried else _reason(packet, carried, scene)
        if verdict in (HOST.name, WIREGUARD):
            classes[verdict] += 1
            if verdict == WIREGUARD:
                concerned.append(frame)
            continue
        concerned.append(frame)
        classes[f"!{packet.kind}"] += 1
        by_address = (scene.targets[address] for address in addresses(packet) if address in scene.targets)
        for token in carried or (next(by_address, None),):
            whose = tokens.attacks.get(token) if token else None
            leaks.append(Leak(frame.time, frame.wire, packet.kind, packet.summary(), verdict, token, whose))
    return Judgement(sum(classes.values()), dropped, dict(classes), tuple(leaks)), concerned


def _needles(scene: Scene) -> list[bytes]:
    """Bytes of which every frame to be judged holds one: a frame with none of them need not be decoded."""
    prefixes = {address.packed[: 3 if address.version == 4 else 8] for address in scene.targets}
    return [*prefixes, *(address.packed for address in scene.tunnel), scene.port.to_bytes(2, "big")]


def _reason(packet: Packet, carried: tuple[str, ...], scene: Scene) -> str:
    """Why a frame is a leak, or that it is the host's own affair."""
    if carried:
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
    """Every address in a frame: source, destination, and those in ARP or neighbour discovery."""
    mentioned = {packet.source, packet.destination}
    if packet.arp:
        mentioned |= {packet.arp.sender, packet.arp.target}
    if packet.protocol == frames.ICMP6 and packet.icmp_type in (135, 136) and len(packet.payload) >= 20:
        mentioned.add(ip_address(packet.payload[4:20]))
    return frozenset(address for address in mentioned if address is not None)


def _is_the_tunnels(packet: Packet, scene: Scene) -> bool:
    """A message between the tunnel's port and an endpoint.

    A capture on the host sees messages that are sent by one call as one packet (UDP_SEGMENT, udp(7)), so that only the
    beginning of a transport message can be compared.
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
