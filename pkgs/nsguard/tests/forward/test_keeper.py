"""Asking for ports, from fake gateways; and giving them to programs, by fakes of what these document."""

import contextlib
import socket
import struct
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nsguard.errors import Stopped
from nsguard.forward import granted, keeper, portmap
from nsguard.forward.portmap import Gateway, Mapping, Refused
from nsguard.net import namespace, nft
from nsguard.spec.model import HostLink, Linked
from nsguard.spec.spec import Forwarding, Published
from nsguard.state import Forwarded, State
from nsguard.system import process

Answers = Callable[[bytes], list[bytes]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    monkeypatch.setattr(portmap, "GATEWAY_TIMEOUT", 1.5)
    monkeypatch.setattr(portmap, "_FIRST", {"nat-pmp": 0.2, "pcp": 0.2})
    return []


@pytest.fixture
def gateway(asked: list[bytes]) -> Iterator[Callable[[str, Answers], Gateway]]:
    """Makes a gateway that answers each message by a function of it."""
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


def test_the_file_reads_back(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nsguard.paths.RUN", str(tmp_path))
    state = State("vpn")
    for it in (Forwarded(1, 2, "203.0.113.5", ("tcp", "udp")), Forwarded(6881, 51413, None, ("udp",))):
        state.write_forwarded(it)
        assert state.forwarded() == it
    state.write_forwarded(None)
    state.write_forwarded(None)
    assert state.forwarded() is None


def test_a_stop_while_it_is_told_is_a_stop(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*argv: str) -> None:
        assert argv == ("systemctl", "restart", "--no-block", "hook.service")
        raise Stopped("stopped by SIGTERM")

    (tmp_path / "vpn" / "inside").mkdir(parents=True)
    monkeypatch.setattr("nsguard.paths.RUN", str(tmp_path))
    monkeypatch.setattr(process, "change", stopped)
    monkeypatch.setattr(nft, "open_ports", lambda *_, **__: None)
    monkeypatch.setattr(keeper.Keeper, "_ask", lambda _: (Mapping("tcp", 1, 2000, 60, 7, None),))
    with pytest.raises(Stopped):
        keeper.Keeper(State("vpn"), Forwarding("nat-pmp", None, ("tcp",), None, 60, "hook.service")).turn()


@pytest.fixture
def keeping(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A keeper's surroundings: what the gateway grants next (`granted`), and what was opened last (`opened`)."""
    (tmp_path / "vpn" / "inside").mkdir(parents=True)
    monkeypatch.setattr("nsguard.paths.RUN", str(tmp_path))
    monkeypatch.setattr("nsguard.paths.FORWARDED", str(tmp_path / "kept"))
    it: dict[str, Any] = {"listening": [], "opened": None, "said": [], "ended": []}

    def answer(protocol: str, internal: int, _external: int, lifetime: int, _timeout: float | None = None) -> Mapping:
        if not lifetime:
            it["ended"].append(protocol)
        port, seconds = it["granted"]
        return Mapping(protocol, internal, port, seconds, 7, None)

    monkeypatch.setattr(keeper.Keeper, "_reach", lambda _: types.SimpleNamespace(map=answer, close=lambda: None))
    monkeypatch.setattr(granted, "listening", lambda _: it["listening"])
    monkeypatch.setattr(nft, "open_ports", lambda _, ports, seconds, **__: it.update(opened=(ports, seconds)))
    monkeypatch.setattr(process, "say", it["said"].append)
    return it


def made(protocol: str = "nat-pmp", internal: int | None = None) -> keeper.Keeper:
    wanted = Forwarding(protocol, None, ("tcp", "udp"), internal, 60, None)
    return keeper.Keeper(State("vpn"), wanted, granted.named(SPEC))


LINK = HostLink("vensg-1", "host0", "/x", (), (), (Linked("dns", "udp", "192.0.2.2:53", 5353, 5360, None),))
SPEC: Any = types.SimpleNamespace(
    published=(Published("web", "web.socket", ("192.0.2.2:80",), 8080, None),),
    host_link=LINK,
    tunnel_ports={"tcp": (range(9990, 10000),), "udp": ()},
)
WELL_KNOWN = "it is below 1024, where well-known services listen"
OF_OPTIONS = "an option assigns it to a service of the namespace"


@pytest.mark.parametrize(
    ("port", "why"),
    [
        (22, WELL_KNOWN),
        (1023, WELL_KNOWN),
        (8080, OF_OPTIONS),
        (5353, OF_OPTIONS),
        (5360, OF_OPTIONS),
        (9990, OF_OPTIONS),
        (9999, OF_OPTIONS),
        (6881, "a program inside that was not given this port already listens on it (udp)"),
    ],
)
def test_the_gateway_does_not_choose_anothers_port(keeping: dict[str, Any], port: int, why: str) -> None:
    keeping.update(granted=(port, 60), listening=[("udp", 6881)])
    made().turn()
    assert (keeping["opened"], State("vpn").forwarded()) == (None, None)
    assert keeping["said"] == [
        f"nsguard: vpn: the gateway chose port {port}, which stays closed: {why}; "
        "set nsguard.namespaces.vpn.portForwarding.internalPort to choose the port"
    ]
    assert keeping["ended"] == ["tcp", "udp"], "so that it may choose another"
    keeping.update(granted=(51413, 60))
    made().turn()
    assert keeping["opened"] == ([("tcp", 51413), ("udp", 51413)], 60)
    made(internal=port).turn()
    assert keeping["opened"] == ([("tcp", port), ("udp", port)], 60), "what the options name is theirs to name"


def test_a_program_keeps_the_port_that_it_was_told(keeping: dict[str, Any]) -> None:
    """Also when the keeper, or the machine, was started again, and the program was there first."""
    keeping.update(granted=(6881, 60))
    made().turn()
    keeping.update(listening=[("tcp", 6881), ("udp", 6881)], opened=None)
    State("vpn").write_forwarded(None)
    made().turn()
    assert keeping["opened"] == ([("tcp", 6881), ("udp", 6881)], 60)


@pytest.mark.parametrize(("protocol", "counts"), [("nat-pmp", 60), ("pcp", 86400)])
def test_a_lifetime_without_end_is_cut(keeping: dict[str, Any], protocol: str, counts: int) -> None:
    keeping.update(granted=(51413, 2**32 - 1))
    it = made(protocol)
    assert it.turn() == it.turn() == counts * 0.75
    assert keeping["opened"] == ([("tcp", 51413), ("udp", 51413)], counts)
    assert keeping["said"] == [
        f"nsguard: vpn: the gateway grants 4294967295 s; nsguard uses {counts} s",
        "nsguard: vpn: port 51413 is open, public as 51413",
    ]


def test_who_listens_is_read_from_the_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace, "entered", lambda _: contextlib.nullcontext())
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp,
        socket.create_connection(tcp.getsockname()) as client,
    ):
        udp.bind(("::1", 0))
        found = set(granted.listening("vpn"))
        assert {("tcp", tcp.getsockname()[1]), ("udp", udp.getsockname()[1])} <= found
        assert ("tcp", client.getsockname()[1]) not in found
