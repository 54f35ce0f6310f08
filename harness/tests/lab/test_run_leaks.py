"""The leak suite where every attack is a command that `nsguard run` started."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from nsguard_harness import scenario
from nsguard_harness.checkout import SCENARIOS
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Suite, Verdict, cells_for
from started import STARTED

pytestmark = pytest.mark.lab


def attacked(path: Path, patterns: Sequence[str]) -> dict[Verdict, set[str]]:
    """The attacks that match the patterns, by their verdicts: of the core set, and those of STARTED that are named."""
    with ContainerLab() as lab:
        scenario.apply(lab.client, path)
        chosen = subjects(lab.client)
        assert [subject.identity for subject in chosen] == ["user"]
        cells = [cell for pattern in patterns for cell in cells_for(pattern, chosen, quick=pattern not in STARTED)]
        report = Suite(lab, cells).run()
    assert not report.confined.judgement.unowned
    return {verdict: {r.attack for r in report.results if r.verdict is verdict} for verdict in Verdict}


def test_commands_are_held_as_services_are() -> None:
    report = attacked(SCENARIOS / "run-hidden.nix", ["*", *sorted(STARTED)])
    assert not report[Verdict.LEAKED] | report[Verdict.VACUOUS] | report[Verdict.ERROR]
    assert report[Verdict.CONTAINED] >= STARTED
    assert len(report[Verdict.CONTAINED]) >= 85


def test_what_shared_homes_let_succeed_is_what_the_option_says() -> None:
    report = attacked(scenario.RUN, ["*-in-*home", "left-*", "sockets-in-sight", "session-*"])
    assert report[Verdict.LEAKED] == {"left-for-a-login", "left-in-own-home"}
    assert not report[Verdict.VACUOUS] | report[Verdict.ERROR]
    assert {"socket-in-home", "socket-in-own-home", "sockets-in-sight"} <= report[Verdict.CONTAINED]
