"""From a scenario to a plan, with the Nix that is installed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from marks import needs_nix
from nsguard_harness import scenario
from nsguard_harness.attacks.options import TUNNEL_MARK
from nsguard_harness.errors import ScenarioError
from nsguard_harness.scenario import Plan, Unit


@needs_nix
def test_the_demo_renders() -> None:
    plan = scenario.render(scenario.DEMO)
    assert "NetworkNamespacePath=/run/netns/vpn\n" in plan.units["app-root.service"].text
    assert {"app-root.service", "nsguard-tunnel-vpn.service"} <= set(plan.started)
    specification = json.loads(plan.files["/etc/nsguard/vpn/spec.json"])
    assert specification["namespace"] == "vpn"
    assert int(specification["fwMark"], 0) == TUNNEL_MARK


@needs_nix
def test_a_stop_is_no_signal_to_what_undoes() -> None:
    changing = ("netns up", "tunnel up", "tunnel reload", "tunnel refresh", "forward run")
    seen = set()
    for name, unit in scenario.render(scenario.FORWARDING).units.items():
        for command in changing:
            if f" {command} vpn\n" in "".join(re.findall("ExecStart=.*\n", unit.text)):
                seen.add(command)
                assert "KillMode=mixed\n" in unit.text, name
    assert seen == set(changing)


@needs_nix
def test_problems_of_the_plan_are_told(tmp_path: Path) -> None:
    path = tmp_path / "bad.nix"
    path.write_text('{ namespaces.vpn.tunnel = "nowhere"; }')
    with pytest.raises(ScenarioError, match=r"bad\.nix: .*nowhere"):
        scenario.render(path)


@needs_nix
@pytest.mark.parametrize("text", ["{ namespaces = ", "{ a = b; }"])
def test_what_nix_refuses_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.nix"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=r"bad\.nix") as refused:
        scenario.render(path)
    assert "\n" not in str(refused.value)


def test_without_nix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ScenarioError, match="nix-instantiate is missing"):
        scenario.render(scenario.DEMO)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"problems": [], "files": {}, "units": {"a": "b"}}'])
def test_another_shape_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError, match="another shape"):
        scenario.parse(Path("x.nix"), text)


def test_a_plan_is_read() -> None:
    units = {"a.service": {"text": "[Unit]\n", "wantedBy": ["multi-user.target"]}, "b": {"text": "", "wantedBy": []}}
    text = json.dumps(
        {
            "problems": [],
            "units": units,
            "files": {"/etc/x": "y"},
            "groups": {"g": ["a", "b"]},
            "launchers": {"l": ["m"]},
            "exceptions": [{"name": "nas", "address": "203.0.113.90", "port": 80}],
            "forwards": True,
        }
    )
    plan = scenario.parse(Path("x.nix"), text)
    made = {"a.service": Unit("[Unit]\n", ("multi-user.target",)), "b": Unit("")}
    assert plan == Plan(made, {"/etc/x": "y"}, {"g": ("a", "b")}, {"l": ("m",)}, plan.exceptions)
    assert [exception.name for exception in plan.exceptions] == ["allowed-egress:nas", "mld-router"]
    assert plan.started == ("a.service",)
