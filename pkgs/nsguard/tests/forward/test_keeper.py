"""The keeper of a port that a gateway grants, with fakes of everything around it."""

import signal
import time
import types
from typing import Any

import pytest

from nsguard.errors import Stopped
from nsguard.forward import granted, keeper
from nsguard.forward.portmap import Mapping
from nsguard.forward.watch import Watch
from nsguard.net import namespace, nft
from nsguard.spec import spec
from nsguard.spec.model import HostLink, Linked
from nsguard.spec.spec import Forwarding, Published
from nsguard.state import Forwarded, State
from nsguard.system import clock, process


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
    """Fakes around a keeper: what the gateway grants next (`granted`), and which ports were opened last (`opened`)."""
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
    """This holds even if the keeper or the machine was restarted, and the program started first."""
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


def test_a_port_is_asked_for_again_after_the_machine_slept(
    keeping: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway's clock goes on while the machine sleeps, but the kernel's timers stop."""
    now = {"boot": 100.0}
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        now["boot"] += seconds + (36000 if len(naps) == 2 else 0)  # ten hours of sleep during the second wait

    monkeypatch.setattr(clock, "since_boot", lambda: now["boot"])
    monkeypatch.setattr(time, "sleep", sleep)
    keeping.update(granted=(51413, 7200))
    it = made("pcp")
    due = it.turn()
    assert due == 5400
    clock.wait(due)
    assert naps == [30.0, 30.0]
    keeping.update(granted=(51414, 7200))  # the gateway has given the first port to another client by now
    it.turn()
    assert keeping["opened"] == ([("tcp", 51414), ("udp", 51414)], 7200)


def test_it_looks_at_the_port_that_is_open(keeping: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Any] = []
    monkeypatch.setattr(Watch, "look", lambda _, *port: looks.append(port))
    keeping["granted"] = (2000, 60)
    looking = made()
    looking.look()
    assert looks == []
    looking.turn()
    looking.look()
    assert looks == [(2000, ("tcp", "udp"))]


def test_another_port_is_watched_anew(keeping: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten: list[int] = []
    monkeypatch.setattr(Watch, "forget", lambda _: forgotten.append(keeping["granted"][0]))
    keeping["granted"] = (2000, 60)
    keeper_of_two = made()
    for port in (2000, 2000, 3000):
        keeping["granted"] = (port, 60)
        keeper_of_two.turn()
    assert forgotten == [2000, 2000, 3000]


@pytest.mark.usefixtures("keeping")
def test_of_a_scripts_port_the_listeners_are_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The script opens no port, then one, another, and none again. When the unit stops, its port is closed."""
    forwarding = Forwarding("script", None, ("tcp",), None, 60, "hook.service", "transmission")
    seen: list[Any] = []
    opened = iter([None, 2000, 2000, 3000, None])

    def meanwhile(_seconds: float) -> None:
        try:
            port = next(opened)
        except StopIteration:
            State("vpn").write_forwarded(Forwarded(4000, 4000, None, ("tcp",)))
            raise Stopped("stopped by SIGTERM") from None
        State("vpn").write_forwarded(Forwarded(port, port, None, ("tcp",)) if port else None)

    monkeypatch.setattr(spec, "load", lambda _: types.SimpleNamespace(**vars(SPEC), forwarding=forwarding))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(clock, "wait", meanwhile)
    monkeypatch.setattr(namespace, "inode", lambda _: None)
    monkeypatch.setattr(Watch, "look", lambda _, *port: seen.append(port[0]))
    monkeypatch.setattr(Watch, "forget", lambda _: seen.append("forget"))
    keeper.run("vpn")
    assert seen == ["forget", "forget", 2000, 2000, "forget", 3000, "forget"]
    assert State("vpn").forwarded() is None
