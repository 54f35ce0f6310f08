"""`nsguard settle`: which running units it stops, by their properties in systemd."""

import json
from pathlib import Path

import pytest

from nsguard.errors import BadInput
from nsguard.lifecycle import settle
from nsguard.system import process, systemd

CONFINED = {"web.service": "vpn", "other.socket": "vpn", "each@.service": "vpn", "moved.service": "vpn"}
INSIDE = "/run/netns/vpn"


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Names of the units that were stopped."""
    units = {
        "web.service": ("active", ""),
        "other.socket": ("active", INSIDE),
        "each@1-a.service": ("activating", ""),
        "each@2-b.service": ("active", INSIDE),
        "moved.service": ("active", "/run/netns/before"),
        "idle.service": ("inactive", ""),
    }
    names: list[str] = []

    def show(patterns: dict[str, str], *_: object) -> list[dict[str, str]]:
        assert "each@*.service" in patterns
        return [
            {"Id": name, "ActiveState": state, "NetworkNamespacePath": path} for name, (state, path) in units.items()
        ]

    monkeypatch.setattr(settle, "_MANAGER", str(tmp_path))
    monkeypatch.setattr(systemd, "query", show)
    monkeypatch.setattr(process, "change", lambda *words: names.extend(words[3:]))
    return names


def test_what_runs_elsewhere_is_stopped_and_nothing_else(stopped: list[str], tmp_path: Path) -> None:
    file = tmp_path / "confined.json"
    file.write_text(json.dumps(CONFINED))
    settle.settle(str(file))
    assert stopped == ["web.service", "each@1-a.service", "moved.service"]


@pytest.mark.parametrize("text", ["", "[]", '{"web.service": "../vpn"}', '{"web.service": 1}'])
def test_a_file_that_is_no_list_of_units_stops_nothing(stopped: list[str], tmp_path: Path, text: str) -> None:
    file = tmp_path / "confined.json"
    file.write_text(text)
    with pytest.raises(BadInput, match=r"confined\.json"):
        settle.settle(str(file))
    assert stopped == []


def test_a_systemd_that_does_not_answer_is_an_error(
    stopped: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def ask(*words: str, **_: str) -> str:
        raise process.CommandFailed(words, "failed (1)", "Failed to connect to bus: Connection refused")

    monkeypatch.undo()
    monkeypatch.setattr(settle, "_MANAGER", str(tmp_path))
    monkeypatch.setattr(process, "ask", ask)
    file = tmp_path / "confined.json"
    file.write_text(json.dumps(CONFINED))
    with pytest.raises(process.CommandFailed, match="Connection refused"):
        settle.settle(str(file))
    assert stopped == []


def test_while_a_machine_boots_nothing_runs_yet(stopped: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "_MANAGER", "/nowhere")
    settle.settle("/nowhere/confined.json")
    assert stopped == []
