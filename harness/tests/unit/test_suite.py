"""Verdicts and exit statuses of a run, in a lab that only pretends."""

from __future__ import annotations

import time
from typing import Any

import pytest

from nsguard_harness.attack import Attack, Lacking
from nsguard_harness.output.report import last_line
from nsguard_harness.run.suite import Cell, Subject, Suite, Verdict
from pretended import SEEN, Answer, FakeLab, FakeRuns, Outsider, Stopped, Tunnelled, Unprepared, Wire, run

TABLE = [
    ("contained", Wire(), {}, SEEN, 0, "nothing on the uplink"),
    ("LEAKED", Wire(), SEEN, SEEN, 1, "(1 frame)"),
    ("LEAKED", Wire(), SEEN, {}, 1, "198.51.100.1:7"),
    ("vacuous", Wire(), {}, {}, 2, "control was not seen: said for wire"),
    ("vacuous", Wire(), {"reached": True}, {"reached": True}, 2, "control was not seen"),
    ("error", Wire(), {"broken": True}, SEEN, 3, "confined: agent client:/socket: cannot connect"),
    ("error", Wire(), {}, {"broken": True}, 3, "control: agent"),
    ("contained", Answer(), {}, {"reached": True}, 0, "nothing on the uplink"),
    ("contained", Answer(), {}, SEEN, 0, "nothing on the uplink"),
    ("LEAKED", Answer(), {"reached": True}, {"reached": True}, 1, "said for answer"),
    ("LEAKED", Answer(), SEEN, {"reached": True}, 1, "udp"),
    ("vacuous", Answer(), {}, {}, 2, "control was not seen"),
    ("contained", Tunnelled(), {"tunnel": True}, SEEN, 0, "through the tunnel"),
    ("vacuous", Tunnelled(), {}, SEEN, 2, "nothing of it came through the tunnel"),
    ("LEAKED", Tunnelled(), {"tunnel": True, "leak": True}, SEEN, 1, "udp"),
    ("cannot apply", Wire(), {}, {"lacks": "no SCTP here"}, 2, "no SCTP here"),
    ("vacuous", Wire(), {"lacks": "no SCTP here"}, {}, 2, "control was not seen"),
    ("contained", Wire(), {"lacks": "no SCTP here"}, SEEN, 0, "nothing on the uplink"),
    ("LEAKED", Wire(), SEEN, {"lacks": "no SCTP here"}, 1, "udp"),
    ("LEAKED", Unprepared(), {"stray": True}, SEEN, 1, "without its token: 198.51.100.2:4000"),
    ("contained", Stopped(), {"broken": True}, SEEN, 0, "nothing on the uplink"),
    ("error", Stopped(), {}, {"broken": True}, 3, "control: agent"),
    ("contained", Outsider(), {}, {}, 0, "nothing on the uplink"),
]


@pytest.mark.parametrize(("verdict", "attack", "confined", "control", "status", "evidence"), TABLE)
def test_verdicts(
    verdict: str,
    attack: Attack,
    confined: dict[str, Any],
    control: dict[str, Any],
    status: int,
    evidence: str,
) -> None:
    report = run(FakeLab(), attack, confined, control)
    (result,) = report.results
    assert (result.verdict.value, report.status) == (verdict, status)
    assert evidence in result.evidence
    assert result.lacking is (Lacking.KERNEL if verdict == "cannot apply" else None)


@pytest.mark.parametrize(
    ("drops", "confined", "status", "evidence"),
    [
        ((3, 0), {}, 3, "confined: the capture lost 3 frames"),
        ((0, 2), {}, 3, "control: the capture lost 2 frames"),
        ((3, 3), SEEN, 1, "udp"),
    ],
)
def test_drops_void_everything_but_a_leak(
    drops: tuple[int, int], confined: dict[str, Any], status: int, evidence: str
) -> None:
    report = run(FakeLab(drops), Wire(), confined, SEEN)
    assert report.status == status
    assert evidence in report.results[0].evidence


@pytest.mark.parametrize(
    ("attack", "confined", "control", "tails"),
    [
        (Answer(), {"reached": True}, {"reached": True}, 1),
        (Answer(), {}, {"reached": True}, 2),
        (Answer(), SEEN, SEEN, 2),
        (Wire(), SEEN, SEEN, 2),
        (Wire(), {"reached": True}, {"reached": True}, 2),
        (Answer(), {"broken": True}, {"reached": True}, 2),
    ],
)
def test_only_where_every_confined_cell_was_answered_nothing_late_is_waited_for(
    attack: Attack, confined: dict[str, Any], control: dict[str, Any], tails: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    lab = FakeLab()
    subject = Subject("root", FakeRuns(lab, **confined), FakeRuns(lab, **control))
    Suite(lab, [Cell(attack, 4, subject, "ngfakex000")], tail=7).run()  # type: ignore[arg-type]
    assert slept.count(7) == tails


def test_frames_that_nobody_owns_are_leaks_of_the_run() -> None:
    report = run(FakeLab(), Wire(), {"stray": True}, SEEN)
    assert report.results[0].verdict is Verdict.CONTAINED
    assert (report.count(Verdict.LEAKED), report.status) == (1, 1)
    assert last_line(report) == "nsguard: 1 contained, 1 leaked, 0 vacuous"


def test_strays_of_the_control_are_no_leaks() -> None:
    assert run(FakeLab(), Wire(), {}, {"leak": True, "stray": True}).status == 0


def test_a_run_without_cells_proves_nothing() -> None:
    assert Suite(FakeLab(), [], tail=0).run().status == 2  # type: ignore[arg-type]


def test_somebody_outside_is_answered_by_an_exposed_host() -> None:
    lab = FakeLab()
    report = run(lab, Outsider(), {}, {})
    assert lab.log == ["confined", "expose", "control", "conceal"]
    assert (report.results[0].control, report.status) == ("answered", 0)
    assert run(FakeLab(), Outsider("a RST came"), {}, {}).results[0].evidence == "a RST came"
