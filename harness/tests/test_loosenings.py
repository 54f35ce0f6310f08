"""What a service is loosened by lets the attacks succeed that are named beside it, and no others."""

from __future__ import annotations

import pytest

from nsguard_harness import scenario
from nsguard_harness.agent import Agent
from nsguard_harness.attack import OUTSIDE
from nsguard_harness.checkout import SCENARIOS
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.suite import Cell, Subject, Suite, Verdict, plan
from nsguard_harness.trial import UNOWNED, reds_of


def subject(lab: ContainerLab, name: str, identity: str) -> Subject:
    agent = Agent(lab.client, f"/run/nsguard-agent-{name}-{identity}/socket")
    agent.wait()
    return Subject(identity, agent, agent)


def cells_of(lab: ContainerLab, name: str) -> list[Cell]:
    """Every attack that runs beside others, as root where it can, over IPv4 where it has families."""
    cells = plan("*", [subject(lab, name, identity) for identity in ("root", "user")], quick=True)
    return [cell for cell in cells if not cell.attack.alone and cell.family != 6 and cell.subject.identity != OUTSIDE]


@pytest.mark.lab
def test_a_loosening_lets_those_attacks_succeed_that_it_names_and_no_others() -> None:
    named = scenario.loosenings() | {"devices": {"device-nodes"}}
    with ContainerLab() as lab:
        scenario.apply(lab.client, SCENARIOS / "loosened.nix")
        cells = {name: cells_of(lab, name) for name in named}
        assert all(len(of) > 100 for of in cells.values())
        run = Suite(lab, [cell for of in cells.values() for cell in of], tail=0.5).confined()
    reds = {name: reds_of(of, run) for name, of in cells.items()}
    leaked = {
        name: {red.attack for red in of if red.verdict is Verdict.LEAKED} - {UNOWNED} for name, of in reds.items()
    }
    assert leaked == named
