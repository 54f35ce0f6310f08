"""The leak suite where every attack is a command that `nsguard run` started."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsguard_harness import scenario
from nsguard_harness.checkout import SCENARIOS
from nsguard_harness.cli import subjects
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.suite import Suite, Verdict, plan

pytestmark = pytest.mark.lab

# What the option `homes` says that its default lets succeed.
IN_HOMES = {"left-for-a-login"}


@pytest.mark.parametrize(
    ("path", "succeed"),
    [(SCENARIOS / "run-hidden.nix", set()), (scenario.RUN, IN_HOMES)],
    ids=["hidden-homes", "shared-homes"],
)
def test_commands_are_held_as_services_are(path: Path, succeed: set[str]) -> None:
    with ContainerLab() as lab:
        scenario.apply(lab.client, path)
        chosen = subjects(lab.client)
        assert [subject.identity for subject in chosen] == ["user"]
        report = Suite(lab, plan("*", chosen, quick=True)).run()
    by_verdict = {verdict: {r.attack for r in report.results if r.verdict is verdict} for verdict in Verdict}
    assert by_verdict[Verdict.LEAKED] == succeed
    assert not by_verdict[Verdict.VACUOUS] | by_verdict[Verdict.ERROR]
    assert not report.confined.judgement.unowned
    assert len(by_verdict[Verdict.CONTAINED]) >= 80
