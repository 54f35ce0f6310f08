"""`nsguard forward open|shut`: a port that a script got in the provider's own way."""

import types
from typing import Any

import pytest

from nsguard.errors import BadInput, NsguardError
from nsguard.forward import granted, keeper, script
from nsguard.net import namespace, nft
from nsguard.spec import spec
from nsguard.spec.spec import Forwarding
from nsguard.state import Forwarded, State
from nsguard.system import process

SCRIPTED = Forwarding("script", None, ("tcp", "udp"), None, 60, "hook.service")


@pytest.fixture
def opened(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Fakes around the script: forwarding in the spec, tunnel, listeners; and a record of what was opened and run."""
    (tmp_path / "vpn" / "inside").mkdir(parents=True)
    monkeypatch.setattr("nsguard.paths.RUN", str(tmp_path))
    monkeypatch.setattr("nsguard.paths.FORWARDED", str(tmp_path / "kept"))
    it: dict[str, Any] = {"forwarding": SCRIPTED, "up": True, "listening": [], "ports": None, "done": []}

    def load(_name: str) -> Any:
        of_options = {"tcp": (range(9990, 10000),), "udp": ()}
        return types.SimpleNamespace(forwarding=it["forwarding"], published=(), host_link=None, tunnel_ports=of_options)

    monkeypatch.setattr(spec, "load", load)
    monkeypatch.setattr(State, "tunnel", lambda _: types.SimpleNamespace(complete=True) if it["up"] else None)
    monkeypatch.setattr(granted, "listening", lambda _: it["listening"])
    monkeypatch.setattr(nft, "open_ports", lambda _, ports, seconds: it.update(ports=(list(ports), seconds)))
    monkeypatch.setattr(process, "change", lambda *argv: it["done"].append(argv))
    return it


def test_a_port_is_opened_told_and_shut(opened: dict[str, Any]) -> None:
    restart = ("systemctl", "restart", "--no-block", "hook.service")
    script.open_port("vpn", 51413, ["tcp", "udp"])
    assert opened["ports"] == ([("tcp", 51413), ("udp", 51413)], None)
    assert State("vpn").forwarded() == Forwarded(51413, 51413, None, ("tcp", "udp"))
    script.open_port("vpn", 51413, ["tcp", "udp"])
    assert opened["done"] == [restart], "it is told once"
    script.open_port("vpn", 51414, ["udp"])
    assert opened["ports"] == ([("udp", 51414)], None)
    script.shut("vpn")
    assert opened["ports"] == ([], None)
    assert (State("vpn").forwarded(), opened["done"]) == (None, [restart] * 3)
    script.shut("vpn")
    assert opened["done"] == [restart] * 3


@pytest.mark.parametrize(
    ("port", "why"),
    [
        (22, "below 1024"),
        (9995, "an option assigns it to a service"),
        (6881, "a program inside that was not given this port already listens on it"),
    ],
)
def test_a_port_of_another_service_stays_closed(opened: dict[str, Any], port: int, why: str) -> None:
    opened["listening"] = [("udp", 6881)]
    with pytest.raises(NsguardError, match=f"port {port} stays closed: .*{why}"):
        script.open_port("vpn", port, ["tcp", "udp"])
    assert (opened["ports"], State("vpn").forwarded(), opened["done"]) == (None, None, [])


def test_without_a_tunnel_nothing_is_open(opened: dict[str, Any]) -> None:
    opened["up"] = False
    with pytest.raises(NsguardError, match="the tunnel is not up"):
        script.open_port("vpn", 51413, ["tcp"])
    assert (opened["ports"], State("vpn").forwarded()) == (None, None)


@pytest.mark.parametrize("forwarding", [None, SCRIPTED._replace(protocol="nat-pmp")])
def test_a_port_that_is_not_a_scripts_is_left_alone(opened: dict[str, Any], forwarding: Forwarding | None) -> None:
    opened["forwarding"] = forwarding
    with pytest.raises(BadInput, match=r"no script may open a port; set nsguard\.namespaces\.vpn\.portForwarding = "):
        script.open_port("vpn", 51413, ["tcp"])
    with pytest.raises(BadInput, match="no script may open a port"):
        script.shut("vpn")
    assert opened["ports"] is None


def test_a_port_without_a_record_is_shut(opened: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed run may have left a port open before it was recorded."""
    monkeypatch.setattr(namespace, "inode", lambda _: 1)
    opened["ports"] = ([("tcp", 51413)], None)
    script.shut("vpn")
    assert (opened["ports"], opened["done"]) == (([], None), [])


def test_a_port_that_cannot_be_recorded_is_closed_again(
    opened: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise NsguardError("no space left on device")

    monkeypatch.setattr(namespace, "inode", lambda _: 1)
    monkeypatch.setattr(granted, "tell", fail)
    with pytest.raises(NsguardError, match="no space"):
        script.open_port("vpn", 51413, ["tcp"])
    assert (opened["ports"], State("vpn").forwarded()) == (([], None), None)


def test_a_port_whose_watcher_fails_is_closed_and_said_to_be_lost(
    opened: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> None:
        raise OSError("no such device")

    def state() -> str:
        recorded = State("vpn").forwarding()
        return recorded.state if recorded else ""

    monkeypatch.setattr(namespace, "inode", lambda _: 1)
    monkeypatch.setattr(keeper, "_follow", fail)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    script.open_port("vpn", 51413, ["tcp"])
    with pytest.raises(OSError, match="no such device"):
        keeper.run("vpn")
    assert "vpn: port 51413 is closed: nsguard-forward-vpn failed (no such device)" in capsys.readouterr().err
    assert (opened["ports"], State("vpn").forwarded(), state()) == (([], None), None, "lost")
    # systemd runs the unit's last command, and then the first command of its next start
    monkeypatch.setenv("SERVICE_RESULT", "exit-code")
    keeper.close_by_unit("vpn")
    monkeypatch.delenv("SERVICE_RESULT")
    keeper.close_by_unit("vpn")
    assert state() == "lost"
    script.open_port("vpn", 51413, ["tcp"])
    assert state() == "open"
    monkeypatch.setenv("SERVICE_RESULT", "signal")
    keeper.close_by_unit("vpn")
    assert "51413 is closed: nsguard-forward-vpn ended unexpectedly (signal)" in capsys.readouterr().err
    assert (opened["ports"], state()) == (([], None), "lost")
    monkeypatch.setenv("SERVICE_RESULT", "success")
    keeper.close_by_unit("vpn")
    assert state() == ""
    # the unit's last command was killed with its process
    script.open_port("vpn", 51413, ["tcp"])
    monkeypatch.delenv("SERVICE_RESULT")
    keeper.close_by_unit("vpn")
    assert "51413 is closed: it was left open before nsguard-forward-vpn started" in capsys.readouterr().err
    assert (opened["ports"], state()) == (([], None), "lost")


def test_a_lost_port_is_closed_even_if_that_cannot_be_recorded(
    opened: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError("no space")

    monkeypatch.setattr(namespace, "inode", lambda _: 1)
    script.open_port("vpn", 51413, ["tcp"])
    monkeypatch.setattr(State, "write_forwarding", full)
    with pytest.raises(OSError, match="no space"):
        keeper.close("vpn", "its process failed")
    assert (opened["ports"], State("vpn").forwarded()) == (([], None), None)
