"""The hooks of an attack: when they are called, and the verdict when one of them fails."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from nsguard_harness.attack import Outcome
from nsguard_harness.run import hooks
from nsguard_harness.run.suite import Cell, Subject, Suite, Verdict
from pretended import SEEN, FakeLab, FakeRuns, Hooked, Unprepared, run


def test_hooks_surround_both_phases_and_disturb_only_the_confined() -> None:
    lab = FakeLab()
    assert run(lab, Hooked(), {}, SEEN).status == 0
    assert lab.log == ["before", "during", "after", "before", "after"]


def test_a_control_that_needs_no_preparation_gets_none() -> None:
    lab = FakeLab()
    assert run(lab, Unprepared(), {}, SEEN).status == 0
    assert lab.log == ["before", "during", "after"]


@pytest.mark.parametrize("hook", ["before", "during", "after"])
def test_a_hook_that_breaks_is_an_error_and_is_still_cleaned_up(hook: str) -> None:
    lab, attack = FakeLab(), Hooked()
    attack.breaks = hook
    report = run(lab, attack, {}, SEEN)
    assert (report.results[0].verdict, report.status) == (Verdict.ERROR, 3)
    assert f"confined: {hook}: client: {hook} ended with 1" in report.results[0].evidence
    assert lab.log[:3] == ["before", "during", "after"]


@dataclass(eq=False)
class SlowRuns(FakeRuns):
    """Sends its token after 0.2 s, where `way` is, and goes on until it is disturbed or its time is over."""

    way: str = ""

    def run(self, attack: str, token: str, family: int, parameters: Mapping[str, Any], timeout: float) -> Outcome:
        deadline = time.monotonic() + timeout + 1
        time.sleep(0.2)
        if self.way:
            self.lab.log.append("sent")
        if self.way == "tunnel":
            self.lab.server.tunnel += token.encode()
        if self.way == "wire":
            self.lab.send(f"hello {token}")
        while "during" not in self.lab.log and time.monotonic() < deadline:
            time.sleep(0.01)
        return Outcome(False)


@pytest.mark.parametrize("way", ["tunnel", "wire", ""])
def test_an_attack_is_disturbed_when_it_is_under_way(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lab, attack = FakeLab(), Unprepared()
    monkeypatch.setattr(hooks, "UNDER_WAY_SECONDS", 1.0)
    attack.timeout = 1.0  # type: ignore[misc]
    subject = Subject("root", SlowRuns(lab, way=way), FakeRuns(lab, leak=True))
    (result,) = Suite(lab, [Cell(attack, 4, subject, "ngfakex000")], tail=0).run().results  # type: ignore[arg-type]
    if not way:
        assert lab.log == ["before", "after"]
        assert (result.verdict, result.evidence) == (
            Verdict.ERROR,
            "confined: during: nothing of ngfakex000 came out of the tunnel or showed on the wire within 1 s",
        )
    else:
        assert lab.log == ["before", "sent", "during", "after"]
        assert result.verdict is (Verdict.LEAKED if way == "wire" else Verdict.CONTAINED)


@pytest.mark.parametrize(
    ("signalled", "evidence"),
    [
        (set(), "confined: during: ngfakex000 was over before its disturbance was"),
        ({"ngfakex000"}, ""),
    ],
)
def test_an_attack_that_is_over_too_early_shows_nothing(signalled: set[str], evidence: str) -> None:
    lab, attack = FakeLab(), Unprepared()
    lab.client.signalled = [signalled]
    result = run(lab, attack, {}, SEEN).results[0]
    assert lab.log == ["before", "during", "after"]
    assert result.verdict is (Verdict.ERROR if evidence else Verdict.CONTAINED)
    assert not evidence or result.evidence == evidence


def test_a_leak_of_an_attack_that_is_over_too_early_is_one() -> None:
    lab = FakeLab()
    lab.client.signalled = [set()]
    assert run(lab, Unprepared(), {"leak": True}, SEEN).results[0].verdict is Verdict.LEAKED


def test_an_attack_that_lacks_something_is_not_missed_by_its_disturbance() -> None:
    lab = FakeLab()
    lab.client.signalled = [set()]
    assert run(lab, Unprepared(), {"lacks": "IPv6"}, SEEN).results[0].verdict is not Verdict.ERROR
