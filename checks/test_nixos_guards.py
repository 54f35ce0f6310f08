"""Other guards on NixOS: a system with the agents of modules/agents.nix is attacked, whatever confines them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from closures import NIXOS, closure, closure_of, connected, needs_nixos
from nsguard_harness import driver
from nsguard_harness.cli import main
from nsguard_harness.errors import LabError
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Suite, Verdict

pytestmark = [pytest.mark.lab, needs_nixos]
# their ways out: a packet, a look-up by a resolver, one by a daemon, a file for a login, a tunnel without its link
ATTACKS = ("udp-beyond", "dns-uplink", "resolved-dbus", "left-in-own-home", "link-deleted")
# those that stop and start the agents by the names of their units
LIFECYCLE = (
    *("outlives", "namespace-remade", "tunnel-masked", "host-under-the-name", "units-in-every-order"),
    *("main-process-elsewhere", "socket-of-a-package"),
)


def run_on(system: Path) -> list[str]:
    return ["run", "--system", str(system), "--image", os.environ["NSGUARD_NIXOS_IMAGE"]]


def attacked(system: Path, directory: Path, attacks: Sequence[str] = ATTACKS) -> tuple[int, dict[str, set[str]]]:
    """The status of `nsguard-leaktest run --system`, and the verdicts by attack."""
    report = directory / "report.json"
    chosen = [word for name in attacks for word in ("--attack", name)]
    status = main([*run_on(system), "--state", "up", *chosen, "--json", str(report)])
    told: dict[str, Any] = json.loads(report.read_text())
    verdicts: dict[str, set[str]] = {}
    for result in told["results"]:
        verdicts.setdefault(result["attack"], set()).add(result["verdict"])
    return status, verdicts


def test_a_guard_of_packets_alone_leaks_what_daemons_look_up(tmp_path: Path) -> None:
    status, verdicts = attacked(closure(NIXOS / "guard.nix"), tmp_path)
    assert verdicts["resolved-dbus"] == {"LEAKED"}, verdicts
    assert verdicts["left-in-own-home"] == {"LEAKED"}, verdicts
    assert verdicts["udp-beyond"] == {"contained"}, verdicts
    # the attack finds the guard's tunnel by the kind of its link, and the guard's own unit brings it back
    assert verdicts["link-deleted"] == {"contained"}, verdicts
    assert status == 1


def test_nsguard_beside_the_same_agents_leaks_nothing(tmp_path: Path) -> None:
    system = closure_of(f"""{{
      imports = [ {NIXOS}/guarded.nix ];
      nsguard.tunnels.lab.configFile = "/etc/nsguard-lab/client.conf";
      nsguard.namespaces.vpn.tunnel = "lab";
      nsguard.agents.confine.nsguard.namespace = "vpn";
    }}""")
    status, verdicts = attacked(system, tmp_path, (*ATTACKS, *LIFECYCLE))
    assert set(verdicts) == {*ATTACKS, *LIFECYCLE}
    assert set().union(*verdicts.values()) == {"contained"}, verdicts
    assert status == 0


def test_agents_that_nothing_confines_send_in_clear(tmp_path: Path) -> None:
    """Without a guard there is no namespace to wait for, and the run says so."""
    system = closure_of(f"{{ imports = [ {NIXOS}/guarded.nix ]; }}")
    report = tmp_path / "report.json"
    assert main([*run_on(system), "--attack", "udp-beyond", "--json", str(report)]) == 3
    assert "cannot open /run/netns/vpn: No such file" in json.loads(report.read_text())["error"]


def test_services_that_nothing_has_started_are_attacked_in_their_place() -> None:
    """A service that a timer starts, with a way out, and a template without one; one that cannot start is named."""
    system = closure_of(f"""{{ lib, pkgs, ... }}:
    let
      runs = {{
        nsguard.namespace = "vpn";
        serviceConfig.ExecStart = "${{pkgs.coreutils}}/bin/sleep infinity";
      }};
    in
    {{
      imports = [ {NIXOS}/guarded.nix ];
      nsguard.tunnels.lab.configFile = "/etc/nsguard-lab/client.conf";
      nsguard.namespaces.vpn.tunnel = "lab";
      nsguard.agents.confine.nsguard.namespace = "vpn";
      nsguard.agents.services = [ "backup" "worker@" "broken" ];
      systemd.services.backup = lib.mkMerge [ runs {{ nsguard.dbus.system.access = "host"; startAt = "daily"; }} ];
      systemd.services."worker@" = lib.mkMerge [ runs {{ serviceConfig.DynamicUser = true; }} ];
      systemd.services.broken = lib.mkMerge [ runs {{ preStart = "cat /run/secrets/absent"; }} ];
    }}""")
    with connected(system) as lab:
        known = subjects(lab.client)
        for service, verdict in {"backup": Verdict.LEAKED, "worker@": Verdict.CONTAINED}.items():
            report = Suite(lab, driver._in_its_place(lab, service, known, "resolved-dbus", "up")).run()
            assert {result.verdict for result in report.results} == {verdict}, report.results
        with pytest.raises(LabError, match=r"broken: the service did not start .*/run/secrets/absent: No such file"):
            driver._in_its_place(lab, "broken", known, "resolved-dbus", "up")
