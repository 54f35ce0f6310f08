"""Every rule allows the frames that it is for, and no frames that differ from them in one detail."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6MLReport2,
    ICMPv6ND_RS,
    IPv6,
    IPv6ExtHdrHopByHop,
)
from scapy.layers.l2 import ARP, LLC, Dot1Q, Ether
from scapy.packet import Packet, Padding, Raw

from nsguard_harness.verdict.judge import judge
from nsguard_harness.verdict.rules import ROUTER, RULES
from nsguard_harness.verdict.tokens import Tokens
from packets import ALLOWED, GATE, GATE4, NEAR, OWN, OWN4, OWN6, TUNNEL4, WORLD, arp, back, ether, tunnel4

TOKEN = "ngq7k2x01"
TOKENS = Tokens({TOKEN: "udp-lan", "ngq7k2x02": "tcp-lan"})


@dataclass(frozen=True)
class Seen:
    data: bytes
    time: float = 1.5
    wire: str = "wan"


NEAR_CASES = [pytest.param(p, id=f"{rule}-{name}") for rule, cases in NEAR.items() for name, p in cases.items()]


@pytest.mark.parametrize(("rule", "packet"), [(r, p) for r, packets in ALLOWED.items() for p in packets])
def test_a_rule_allows_what_it_is_for(rule: str, packet: Packet) -> None:
    judgement = judge([Seen(bytes(packet))], WORLD, TOKENS)
    assert (judgement.classes, judgement.leaks) == ({rule: 1}, ())


@pytest.mark.parametrize("packet", NEAR_CASES)
def test_a_near_miss_is_a_leak(packet: Packet) -> None:
    judgement = judge([Seen(bytes(packet))], WORLD, TOKENS)
    assert len(judgement.leaks) == 1
    assert judgement.unowned == judgement.leaks


def test_every_rule_has_both_kinds_of_cases() -> None:
    rules = (*RULES, *WORLD.exceptions)
    names = {rule.name for rule in rules}
    assert len(names) == len(rules)
    assert set(ALLOWED) == set(NEAR) == names


@pytest.mark.parametrize(
    ("kind", "packet"),
    [
        ("dns", ether() / IP(src=OWN4, dst=GATE4) / UDP(sport=4000, dport=53) / Raw(b"q")),
        ("mdns", ether() / IP(src=OWN4, dst="224.0.0.251") / UDP(sport=5353, dport=5353) / Raw(b"q")),
        ("tcp", ether() / IP(src=OWN4, dst=GATE4) / TCP(dport=8080, flags="S")),
        ("icmp echo", ether() / IP(src=OWN4, dst=GATE4) / ICMP()),
        ("icmp unreachable", ether() / IP(src=OWN4, dst=GATE4) / ICMP(type=3, code=3) / IP(src=GATE4, dst=OWN4)),
        ("ip protocol 47", ether() / IP(src=OWN4, dst=GATE4, proto=47) / Raw(b"gre")),
        ("ip fragment", ether() / IP(src=OWN4, dst=GATE4, frag=2, proto=17) / Raw(b"tail")),
        ("vlan", ether() / Dot1Q(vlan=1) / ARP()),
        ("llc", Ether(src=OWN, dst=GATE, type=3) / LLC()),
        ("ethertype 0x88cc", ether(type=0x88CC) / Raw(b"lldp")),
        ("icmpv6 mld-report", ether() / IPv6(src=OWN6, dst="ff02::16") / IPv6ExtHdrHopByHop() / ICMPv6MLReport2()),
        ("icmpv6 router-solicitation", ether() / IPv6(src=OWN6, dst="ff02::2", hlim=255) / ICMPv6ND_RS()),
        ("unparsable", Ether(bytes(ether() / IP(src=OWN4, dst=GATE4, len=900) / UDP()))),
        ("unparsable", Raw(b"short")),
        ("unparsable", ether(type=0x86DD) / Raw(b"\x60" + bytes(12))),
        ("unparsable", ether(type=0x0800) / Raw(b"\x75" + bytes(30))),
    ],
)
def test_what_no_rule_allows_is_counted_by_its_kind(kind: str, packet: Packet) -> None:
    judgement = judge([Seen(bytes(packet))], WORLD, TOKENS)
    assert judgement.classes == {f"!{kind}": 1}


def test_a_host_that_is_to_forward_nothing_may_not_say_that_it_does() -> None:
    frames = [Seen(bytes(packet)) for packet in ALLOWED[ROUTER.name]]
    assert len(judge(frames, replace(WORLD, exceptions=()), TOKENS).leaks) == len(frames)


FORMS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "upper case": lambda t: t.upper().encode(),
    "reversed": lambda t: t[::-1].encode(),
    "hexadecimal": lambda t: t.encode().hex().encode(),
    "DNS label": lambda t: bytes((len(t),)) + t.encode() + b"\4leak\4test\0",
    "UTF-16": lambda t: t.encode("utf-16-le"),
    "NetBIOS": lambda t: b"".join(bytes((65 + (c >> 4), 65 + (c & 15))) for c in t.upper().encode()),
} | {
    f"{name} at {offset}": (lambda t, e=encode, o=offset: e(b"?" * o + t.encode() + b"!!!"))
    for name, encode, group in (("base32", base64.b32encode, 5), ("base64", base64.b64encode, 3))
    for offset in range(group)
}


@pytest.mark.parametrize("form", FORMS)
def test_a_token_in_any_form_is_a_leak_of_its_attack(form: str) -> None:
    """Even inside a frame that would otherwise count as the tunnel's."""
    body = b"\4\0\0\0" + bytes(12) + FORMS[form](TOKEN)
    packet = tunnel4(Raw(body.ljust(64, b"\0")))
    judgement = judge([Seen(bytes(packet))], WORLD, TOKENS)
    assert [(leak.token, leak.attack) for leak in judgement.leaks] == [(TOKEN, "udp-lan")]
    assert judgement.of(TOKEN) and not judgement.of("ngq7k2x02") and not judgement.unowned


def test_another_runs_token_is_nobodys() -> None:
    judgement = judge([Seen(bytes(ether() / IP(src=OWN4, dst=GATE4) / UDP() / Raw(b"ngzzzzx01")))], WORLD, TOKENS)
    assert [leak.token for leak in judgement.leaks] == [None]


def test_without_tokens_rules_alone_decide() -> None:
    judgement = judge([Seen(bytes(arp())), Seen(bytes(arp(pdst=TUNNEL4)))], WORLD, Tokens({}))
    assert judgement.classes == {"arp": 1, "!arp": 1}


def test_a_leak_says_when_what_and_why() -> None:
    packet = ether() / IP(src=OWN4, dst=GATE4) / UDP(sport=4000, dport=53) / Raw(b"query")
    (leak,) = judge([Seen(bytes(packet))], WORLD, TOKENS).leaks
    assert (leak.time, leak.wire, leak.kind, leak.reason) == (1.5, "wan", "dns", "no rule allows it")
    assert leak.summary == "198.51.100.2:4000 > 198.51.100.1:53 dns, 47 bytes"


PROBE = bytes(ether(GATE, OWN) / IP(src=GATE4, dst=TUNNEL4) / UDP(sport=9, dport=9) / Raw(TOKEN.encode()))


def test_a_frame_of_the_labs_own_is_allowed_as_often_as_it_was_sent() -> None:
    world = replace(WORLD, injected={PROBE: 2})
    assert judge([Seen(PROBE)] * 2, world, TOKENS).classes == {"injected": 2}
    judgement = judge([Seen(PROBE)] * 3, world, TOKENS)
    assert judgement.classes == {"injected": 2, "!udp": 1}
    assert [leak.token for leak in judgement.leaks] == [TOKEN]


@pytest.mark.parametrize(
    "frame",
    [
        PROBE + b"\0",
        PROBE[:-1],
        bytes(back(Ether(PROBE))),
        bytes(ether(OWN, GATE) / Ether(PROBE)[IP]),
    ],
    ids=["a byte longer", "a byte shorter", "answered", "sent back"],
)
def test_a_frame_like_one_of_the_labs_own_is_a_leak(frame: bytes) -> None:
    assert len(judge([Seen(frame)], replace(WORLD, injected={PROBE: 9}), TOKENS).leaks) == 1


def test_a_frame_without_a_token_is_that_attacks_which_has_the_machine_for_itself() -> None:
    stray = Seen(bytes(ether() / IP(src=OWN4, dst=GATE4) / UDP() / Raw(b"stray")))
    judgement = judge([stray], WORLD, TOKENS, alone="uplink-flaps")
    assert judgement.unowned == ()
    assert judgement.beside("uplink-flaps") == judgement.leaks
    assert judgement.beside("another") == () and len(judgement.leaks) == 1


def test_a_wire_that_nobody_described_allows_nothing() -> None:
    judgement = judge([Seen(bytes(arp()), wire="modem")], WORLD, TOKENS)
    assert [leak.reason for leak in judgement.leaks] == ["a wire that nobody described"]


def test_dropped_frames_void_the_judgement() -> None:
    assert judge([], WORLD, TOKENS, dropped=1).void
    assert not judge([], WORLD, TOKENS).void


@pytest.mark.parametrize("length", range(0, 90, 7))
def test_truncated_frames_never_raise_and_are_never_allowed(length: int) -> None:
    """Padded frames are left out, because cutting off the zeros at their end truncates nothing."""
    whole = {bytes(packet) for packets in ALLOWED.values() for packet in packets if Padding not in packet}
    cut = {data[:length] for data in whole} - whole
    judgement = judge(map(Seen, cut), WORLD, TOKENS)
    assert len(judgement.leaks) == len(cut)
