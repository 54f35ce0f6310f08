"""Requests for ports to fake gateways (RFC 6886, RFC 6887)."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nsguard.forward import portmap
from nsguard.forward.portmap import Gateway, Mapping, Refused

Answers = Callable[[bytes], list[bytes]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    monkeypatch.setattr(portmap, "GATEWAY_TIMEOUT", 1.5)
    monkeypatch.setattr(portmap, "_FIRST", {"nat-pmp": 0.2, "pcp": 0.2})
    return []


@pytest.fixture
def gateway(asked: list[bytes]) -> Iterator[Callable[[str, Answers], Gateway]]:
    """A function that makes a gateway, which answers each message with the messages that `answers` returns."""
    made: list[socket.socket] = []

    def make(protocol: str, answers: Answers) -> Gateway:
        server, client = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        made.extend((server, client))
        server.bind(("127.0.0.1", 0))
        client.connect(server.getsockname())

        def serve() -> None:
            while True:
                said, peer = server.recvfrom(2048)
                if said == b"end":
                    return
                asked.append(said)
                for answer in answers(said):
                    server.sendto(answer, peer)

        thread = threading.Thread(target=serve)
        thread.start()
        threads.append((thread, server.getsockname()))
        return Gateway(client, protocol, bytes(range(12)))

    threads: list[tuple[threading.Thread, Any]] = []
    yield make
    for thread, address in threads:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"end", address)
        thread.join()
    for each in made:
        each.close()


def nat_pmp(said: bytes, *, result: int = 0, external: int = 51413, lifetime: int = 60) -> bytes:
    if len(said) == 2:
        return struct.pack("!BBHI", 0, 128, 0, 7) + socket.inet_aton("203.0.113.5")
    internal = struct.unpack("!H", said[4:6])[0]
    return struct.pack("!BBHIHHI", 0, said[1] + 128, result, 7, internal, external, lifetime)


def pcp(said: bytes, *, result: int = 0) -> bytes:
    head = struct.pack("!BBBBII12x", 2, 0x81, 0, result, 120, 9)
    return head + said[24:42] + struct.pack("!H", 40001) + bytes(10) + b"\xff\xff" + socket.inet_aton("203.0.113.6")


def test_nat_pmp_as_the_rfc_has_it(gateway: Callable[..., Gateway], asked: list[bytes]) -> None:
    it = gateway("nat-pmp", lambda said: [nat_pmp(said)])
    assert it.map("tcp", 1, 0, 60) == Mapping("tcp", 1, 51413, 60, 7, "203.0.113.5")
    assert it.map("udp", 6881, 51413, 60).protocol == "udp"
    assert asked == [
        bytes.fromhex("00020000000100000000003c"),
        b"\0\0",
        bytes.fromhex("000100001ae1c8d50000003c"),
        b"\0\0",
    ]


def test_pcp_as_the_rfc_has_it(gateway: Callable[..., Gateway], asked: list[bytes]) -> None:
    it = gateway("pcp", lambda said: [pcp(said)])
    assert it.map("udp", 6881, 0, 3600) == Mapping("udp", 6881, 40001, 120, 9, "203.0.113.6")
    (said,) = asked
    assert said[:24] == bytes.fromhex("0201000000000e10") + bytes(10) + b"\xff\xff" + b"\x7f\0\0\1"
    assert said[24:36] == bytes(range(12))
    assert said[36:44] == bytes.fromhex("110000001ae10000")
    assert len(said) == 60


@pytest.mark.parametrize(("protocol", "good"), [("nat-pmp", nat_pmp), ("pcp", pcp)])
def test_a_question_is_repeated_and_noise_is_passed_over(
    gateway: Callable[..., Gateway], asked: list[bytes], protocol: str, good: Callable[[bytes], bytes]
) -> None:
    def answers(said: bytes) -> list[bytes]:
        if len(said) == 2:
            return []
        noise = [b"", b"\0", b"\xff" * 60, bytes(1000), good(said)[:-3] if protocol == "pcp" else b"\0\x83" + bytes(14)]
        wrong_nonce = good(said)[:24] + b"x" + good(said)[25:]
        return [] if len(asked) < 2 else [*noise[:4], wrong_nonce if protocol == "pcp" else noise[4], good(said)]

    assert gateway(protocol, answers).map("tcp", 1, 0, 60).external in (51413, 40001)
    assert asked[0] == asked[1]


@pytest.mark.parametrize(
    ("protocol", "answers", "what"),
    [
        ("nat-pmp", lambda said: [nat_pmp(said, result=2)], "the gateway refuses tcp: not authorised"),
        ("nat-pmp", lambda said: [nat_pmp(said, result=77)], "the gateway refuses tcp: result 77"),
        ("nat-pmp", lambda _: [struct.pack("!BBHI", 0, 130, 1, 0)], "the gateway refuses tcp: unsupported version"),
        ("pcp", lambda said: [pcp(said, result=8)], "the gateway refuses tcp: no resources"),
        ("nat-pmp", lambda _: [], "the gateway did not answer within 1.5 s"),
    ],
)
def test_a_refusal_is_told(gateway: Callable[..., Gateway], protocol: str, answers: Answers, what: str) -> None:
    with pytest.raises(Refused, match=f"^{what}$"):
        gateway(protocol, answers).map("tcp", 1, 0, 60)


def test_nobody_there_is_told_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        address = taken.getsockname()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(address)
        with pytest.raises(Refused, match=r"^the gateway cannot be reached: connection refused$"):
            Gateway(udp, "nat-pmp", bytes(12)).map("tcp", 1, 0, 60)


@pytest.mark.parametrize(
    ("epoch", "elapsed", "after", "anew"),
    [(1000, 45, 1045, False), (1000, 45, 1038, False), (1000, 45, 3, True), (10, 45, 44, True), (0, 1, 0, False)],
)
def test_an_epoch_that_falls_behind_is_a_restart(epoch: int, elapsed: float, after: int, anew: bool) -> None:  # noqa: FBT001
    at = Mapping("tcp", 1, 2, 60, epoch, None)
    assert portmap.restarted(at, elapsed, at._replace(epoch=after)) is anew
