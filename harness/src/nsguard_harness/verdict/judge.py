"""The judge: accounts for every frame on every uplink, and denies by default.

A frame that holds a token in clear is a leak of that token's attack. Anything else is a leak unless one of
`rules.RULES`, or an exception of the configuration, allows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from . import frames
from .frames import Packet
from .rules import INJECTED, RULES, Rule, Wire, World
from .tokens import Tokens


class CapturedFrame(Protocol):
    """A frame as `capture` hands it on: seconds since the epoch, bytes, and the wire it was seen on."""

    @property
    def time(self) -> float: ...
    @property
    def data(self) -> bytes: ...
    @property
    def wire(self) -> str: ...


@dataclass(frozen=True)
class Leak:
    """A frame that no rule allows, with the reason. time: seconds since the epoch.

    attack: the one that sent it, where a token shows that, or the time at which an attack ran by itself.
    """

    time: float
    wire: str
    kind: str
    summary: str
    reason: str
    token: str | None = None
    attack: str | None = None


@dataclass(frozen=True)
class Judgement:
    """What a capture showed. `classes` counts every frame by rule name or, for leaks, by kind with a leading `!`."""

    frames: int = 0
    dropped: int = 0
    classes: Mapping[str, int] = field(default_factory=dict)
    leaks: tuple[Leak, ...] = ()

    @property
    def void(self) -> bool:
        """Whether frames were dropped, so that the capture proves nothing."""
        return self.dropped > 0

    def of(self, token: str) -> tuple[Leak, ...]:
        """The leaks that carry `token`."""
        return tuple(leak for leak in self.leaks if leak.token == token)

    @property
    def unowned(self) -> tuple[Leak, ...]:
        """Leaks that belong to no attack: they carry no token, and no attack ran by itself when they came."""
        return tuple(leak for leak in self.leaks if leak.token is None and leak.attack is None)

    def beside(self, attack: str) -> tuple[Leak, ...]:
        """Leaks without a token that came while `attack` ran by itself."""
        return tuple(leak for leak in self.leaks if leak.token is None and leak.attack == attack)


def judge(
    captured: Iterable[CapturedFrame], world: World, tokens: Tokens, dropped: int = 0, alone: str | None = None
) -> Judgement:
    """Classify every captured frame; `dropped` counts those the capture lost.

    alone: the attack that ran by itself during this capture, to which leaks without a token are attributed.
    """
    classes: Counter[str] = Counter()
    leaks: list[Leak] = []
    injected = Counter(world.injected)
    for frame in captured:
        if injected[frame.data]:
            # once for each time that the lab's side sent it
            injected[frame.data] -= 1
            classes[INJECTED.name] += 1
            continue
        packet = frames.decode(frame.data)
        carried = tokens.find(frame.data)
        verdict = classify(packet, world.wires.get(frame.wire), world)
        if isinstance(verdict, Rule) and not carried:
            classes[verdict.name] += 1
            continue
        reason = "a token in clear" if carried else str(verdict)
        classes[f"!{packet.kind}"] += 1
        for token in carried or (None,):
            whose = tokens.attacks.get(token) if token else alone
            leaks.append(Leak(frame.time, frame.wire, packet.kind, packet.summary(), reason, token, whose))
    return Judgement(sum(classes.values()), dropped, dict(classes), tuple(leaks))


def classify(packet: Packet, wire: Wire | None, world: World) -> Rule | str:
    """The rule that allows a frame, or the reason why it is a leak."""
    if packet.problem:
        return packet.problem
    if wire is None:
        return "a wire that nobody described"
    if packet.vlan or packet.ethertype not in frames.ETHERTYPES:
        return "neither ARP nor IP"
    if packet.fragment:
        return "an IP fragment"
    if {packet.source, packet.destination} & world.tunnel_addresses:
        return "a tunnel address on the uplink"
    return next((rule for rule in (*RULES, *world.exceptions) if rule.allows(packet, wire, world)), "no rule allows it")


def counted(number: int, noun: str) -> str:
    """A number and its noun, in the singular or plural: `1 frame`, `2 frames`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def merged(first: Judgement, second: Judgement) -> Judgement:
    """Two captures' judgements as one."""
    classes = Counter(first.classes)
    classes.update(second.classes)
    return Judgement(
        first.frames + second.frames, first.dropped + second.dropped, dict(classes), first.leaks + second.leaks
    )
