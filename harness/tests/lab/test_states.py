"""In the lab: the same attacks in every state of the tunnel, and attacks from outside on a host that answers."""

from __future__ import annotations

import pytest

from labs import lab_of
from nsguard_harness import scenario
from nsguard_harness.attack import OUTSIDE, FromOutside, Lacking
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.run.states import STATES
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Suite, Verdict, cells_for

pytestmark = pytest.mark.lab

guarded = lab_of(scenario.DEMO, connected=False)


def test_attacks_are_contained_in_every_state(guarded: ContainerLab) -> None:
    cells = cells_for("[!l]*-lan", subjects(guarded.client), "*")  # all but link-to-lan, which needs a host link
    report = Suite(guarded, cells, tail=0.5).run()
    assert [str(result) for result in report.results if result.verdict is not Verdict.CONTAINED] == []
    assert [span.state for span in report.confined.spans] == [state.name for state in STATES]
    assert len(report.control.outcomes) * len(STATES) == len(cells)
    assert report.status == 0


def test_a_host_that_answers_is_caught_by_every_attack_from_outside(guarded: ContainerLab) -> None:
    """The host is exposed as it is for the controls, and the same places are watched."""
    cells = [cell for cell in cells_for("*", subjects(guarded.client)) if cell.subject.identity == OUTSIDE]
    attacks = {cell.attack.name: cell.attack for cell in cells}.values()
    for attack in attacks:
        assert isinstance(attack, FromOutside)
        attack.expose(guarded)
    try:
        run = Suite(guarded, cells, parameters={"control": True}, tail=0.5).confined()
    finally:
        for attack in attacks:
            assert isinstance(attack, FromOutside)
            attack.conceal(guarded)
    outcomes = {cell.token: run.outcomes[cell.token] for cell in cells}
    missed = {cell.attack.name for cell in cells if not outcomes[cell.token].reached}
    # the missed attacks need what only other scenarios have
    assert missed == {cell.attack.name for cell in cells if outcomes[cell.token].lacking is Lacking.SCENARIO}
    assert missed <= {"link-published", "link-unpublished", "published-to-others", "beside-published-range"}
    assert {"tcp", "arp", "icmpv6 neighbour-advertisement"} <= {leak.kind for leak in run.judgement.leaks}
