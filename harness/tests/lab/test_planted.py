"""Planted leaks are found by name; the three weaker guards leak what guards of their kind are known to leak."""

from __future__ import annotations

import pytest

from labs import lab_of
from nsguard_harness import attacks, scenario
from nsguard_harness.checkout import GUARDS
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.planted import HOLES, Hole, find
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Suite, Verdict, cells_for
from nsguard_harness.scenario import Plan


def test_there_is_a_hole_for_every_family_of_attacks() -> None:
    family = {name: attack.__module__.rpartition(".")[2] for name, attack in attacks.registry().items()}
    families = {family[name] for hole in HOLES for name in hole.leaks}
    assert families == set(family.values())


lab = lab_of(scenario.DEMO, connected=False)


@pytest.fixture(scope="module")
def demo() -> Plan:
    return scenario.render(scenario.DEMO)


@pytest.mark.lab
@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.what)
def test_a_planted_leak_is_found_by_name(lab: ContainerLab, demo: Plan, hole: Hole) -> None:
    assert find(lab, demo, subjects, hole).missed == ()


@pytest.mark.lab
def test_where_there_is_no_hole_nothing_is_found(lab: ContainerLab, demo: Plan) -> None:
    nothing = Hole("nothing", ("udp-lan", "setns-proc", "socket-in-tmp"))
    result = find(lab, demo, subjects, nothing)
    assert (result.caught, result.missed) == ((), nothing.leaks)


COMMON = {"setns-proc", "resolved-dbus", "resolved-varlink", "systemd-run-bus", "keyring", "proc-net", "unasked"}
LEAKS = {
    "naive": {*COMMON, "nscd-socket", "getaddrinfo", "nscd-socket-recreated"},
    "masks": {*COMMON, "nscd-socket-recreated", "nscd-glibc-recreated", "resolv-conf-renamed"},
    "veth": {*COMMON, "nscd-socket", "link-deleted", "resolv-conf-renamed"},
}
HOLDS = {
    "naive": {"udp-lan", "udp-beyond", "tcp-lan", "bind-to-device", "link-deleted"},
    "masks": {"udp-lan", "udp-beyond", "tcp-lan", "bind-to-device", "link-deleted", "nscd-socket"},
    "veth": {"udp-lan", "udp-beyond", "tcp-lan", "bind-to-device"},
}


@pytest.mark.lab
@pytest.mark.parametrize("guard", LEAKS)
def test_a_weaker_guard_leaks_what_it_is_known_for(guard: str) -> None:
    with ContainerLab() as lab:
        scenario.apply(lab.client, GUARDS / f"{guard}.nix")
        names = LEAKS[guard] | HOLDS[guard]
        cells = [cell for cell in cells_for("*", subjects(lab.client)) if cell.attack.name in names]
        report = Suite(lab, cells).run()
    assert report.status == 1
    leaked = {result.attack for result in report.results if result.verdict is Verdict.LEAKED}
    contained = {result.attack for result in report.results if result.verdict is Verdict.CONTAINED}
    assert leaked == LEAKS[guard]
    assert HOLDS[guard] <= contained


def test_every_guard_is_tried() -> None:
    assert {path.stem for path in GUARDS.glob("*.nix")} - {"common"} == set(LEAKS)
