"""The suite in the lab: confined services are contained, every control is seen, unconfined services are caught."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from labs import lab_of
from nsguard_harness import scenario
from nsguard_harness.attack import OUTSIDE, Attack, Lacking, Outcome
from nsguard_harness.attacks import lifecycle
from nsguard_harness.lab.base import Lab
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Cell, Report, Subject, Suite, Verdict, cells_for, escape
from nsguard_harness.target import restore, wait_for_tunnel

pytestmark = pytest.mark.lab

guarded = lab_of(scenario.DEMO, connected=False)


def explained(report: Report) -> list[str]:
    bad = [str(result) for result in report.results if result.verdict not in (Verdict.CONTAINED, Verdict.CANNOT)]
    # an attack may be impossible only for lack of a protocol in this kernel, or of what only other scenarios have
    unable = [result for result in report.results if result.verdict is Verdict.CANNOT]
    bad += [str(result) for result in unable if result.lacking not in (Lacking.KERNEL, Lacking.SCENARIO)]
    return bad + [str(leak) for leak in report.confined.judgement.unowned]


def test_every_attack_is_contained_and_every_control_seen(guarded: ContainerLab) -> None:
    report = Suite(guarded, cells_for("*", subjects(guarded.client))).run()
    assert explained(report) == []
    assert report.status == 0
    assert report.confined.judgement.classes["wireguard"] > 100
    assert len(report.results) >= 110


def test_an_unconfined_service_in_the_confined_ones_place_is_caught_by_every_attack(guarded: ContainerLab) -> None:
    """Attacks that take the tunnel away are left out: meanwhile they send the same as the others.

    Attacks from outside are left out, too: for them it makes no difference who runs inside.
    """
    exposed = [replace(subject, confined=subject.control) for subject in subjects(guarded.client)]
    cells = [cell for cell in cells_for("*", exposed) if not cell.attack.alone or cell.attack.prepared_control]
    cells = [cell for cell in cells if cell.subject.identity != OUTSIDE]
    run = Suite(guarded, cells).confined()
    unable = {token for token, outcome in run.outcomes.items() if outcome.lacking}
    able = [cell for cell in cells if not cell.cannot and cell.token not in unable]
    missed = [cell for cell in able if not escape(cell, run)]
    assert [f"{cell.attack.name} as {cell.subject.identity}" for cell in missed] == []
    assert len(able) > 150


def test_a_tunnel_that_came_back_before_its_attack_ends_is_no_leak(
    guarded: ContainerLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a busy machine: the services bring the tunnel back, by a port that nobody looks at if it is restarted."""

    def late(lab: Lab) -> None:
        wait_for_tunnel(lab)
        restore(lab)

    monkeypatch.setattr(lifecycle, "restore", late)
    report = Suite(guarded, cells_for("tunnel-masked", subjects(guarded.client))).run()
    assert {result.verdict for result in report.results} == {Verdict.CONTAINED}, report.results


class Silent:
    """An agent that does nothing where an attack is expected."""

    def wait(self) -> None: ...

    def run(self, attack: str, token: str, family: int, parameters: Any, timeout: float) -> Outcome:
        return Outcome(False, "did nothing")


def test_an_attack_that_sends_nothing_is_vacuous(guarded: ContainerLab) -> None:
    subject = subjects(guarded.client)[0]
    report = Suite(guarded, cells_for("udp-lan", [Subject("root", subject.confined, Silent())]), tail=0).run()
    assert {result.verdict for result in report.results} == {Verdict.VACUOUS}
    report = Suite(guarded, cells_for("udp-lan", [Subject("root", Silent(), subject.control)]), tail=0).run()
    assert {result.evidence for result in report.results} == {"nothing of it came through the tunnel: did nothing"}
    assert report.status == 2


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("ping -c 1 -W 2 198.51.100.1", "icmp echo"),
        ("ping -c 1 -W 2 2001:db8:51::1", "icmpv6 echo"),
        ("resolvectl query --cache=no stray.leak.test", "dns"),
        ("echo stray > /dev/udp/203.0.113.51/51820", "udp"),
        ("ip route add 10.66.0.2 dev eth0; ping -c 1 -W 1 10.66.0.2; ip route delete 10.66.0.2", "arp"),
    ],
)
def test_a_stray_frame_of_the_host_is_a_leak_that_nobody_owns(guarded: ContainerLab, command: str, kind: str) -> None:
    class Stray(Attack):
        """The host sends something itself once a harmless attack has run."""

        name = "udp-beyond"
        prepared_control = False

        def after(self, lab: Any) -> None:
            lab.client.execute(f"set +e; {command}")

        def run(self, env: Any) -> Outcome:
            raise NotImplementedError

    report = Suite(guarded, [Cell(Stray(), 4, subjects(guarded.client)[0], "ngstrayx000")], tail=0).run()
    assert report.results[0].verdict is Verdict.CONTAINED
    assert kind in {leak.kind for leak in report.confined.judgement.unowned}
    assert report.status == 1
