"""The states of the tunnel around the attacks of a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nsguard_harness.attack import Attack
from nsguard_harness.run.states import State
from nsguard_harness.run.suite import Cell, Report, Subject, Suite, Verdict
from nsguard_harness.run.trial import renewed
from pretended import FakeLab, FakeRuns, FakeState, Hooked, Tunnelled, Wire


def test_a_state_surrounds_the_confined_alone() -> None:
    lab = FakeLab()
    assert in_state(lab, Hooked(), FakeState()).results[0].verdict is Verdict.CONTAINED
    assert lab.log == ["enter", "before", "during", "after", "leave", "before", "after"]


@pytest.mark.parametrize("breaks", ["enter", "leave"])
def test_a_state_that_breaks_is_an_error_and_is_still_left(breaks: str) -> None:
    lab = FakeLab()
    (result,) = in_state(lab, Wire(), FakeState(breaks)).results
    assert (result.verdict, result.state) == (Verdict.ERROR, "fallen")
    assert f"confined: fallen: client: {breaks} ended with 1" in result.evidence
    assert lab.log == ["enter", "leave"]


def test_nothing_need_come_out_of_a_tunnel_that_carries_nothing() -> None:
    report = in_state(FakeLab(), Tunnelled(), FakeState())
    assert (report.results[0].verdict, report.results[0].evidence) == (Verdict.CONTAINED, "nothing on the uplink")


def in_state(lab: FakeLab, attack: Attack, state: State) -> Report:
    subject = Subject("root", FakeRuns(lab), FakeRuns(lab, leak=True))
    return Suite(lab, [Cell(attack, 4, subject, "ngfakex0000", state)], tail=0).run()  # type: ignore[arg-type]


def test_one_control_serves_all_states() -> None:
    lab = FakeLab()
    subject = Subject("root", FakeRuns(lab), FakeRuns(lab, leak=True))
    cells = [
        Cell(Wire(), 4, subject, "ngfakex0000"),
        Cell(Wire(), 4, subject, "ngfakex0001", FakeState(), "ngfakex0000"),
    ]
    report = Suite(lab, cells, tail=0).run()  # type: ignore[arg-type]
    assert [result.verdict for result in report.results] == [Verdict.CONTAINED] * 2
    assert [(span.name, span.state) for span in report.confined.spans] == [("", "up"), ("", "fallen")]
    assert set(report.control.outcomes) == {"ngfakex0000"}


def test_a_control_seen_before_serves_later_runs_and_no_other_attack() -> None:
    lab = FakeLab(drops=(0, 0, 0))
    subject = Subject("root", FakeRuns(lab), FakeRuns(lab, leak=True))
    cell = Cell(Wire(), 4, subject, "ngfakex0000")
    controls = Suite(lab, [cell], tail=0).controls()  # type: ignore[arg-type]
    (later,) = renewed([cell])
    report = Suite(lab, [later], tail=0).run(controls)  # type: ignore[arg-type]
    assert [(it.token, it.verdict) for it in report.results] == [("ngfakex0000x", Verdict.CONTAINED)]
    assert report.control is controls
    assert len(lab.used) == 2  # no second control
    report = Suite(lab, [replace(cell, token="ngfakex0001")], tail=0).run(controls)  # type: ignore[arg-type]
    assert [(it.verdict, it.evidence) for it in report.results] == [
        (Verdict.VACUOUS, "its control was not seen: it did not run")
    ]
