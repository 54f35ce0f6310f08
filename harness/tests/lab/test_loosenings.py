"""Each loosening of a service lets exactly those attacks succeed that it names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from nsguard_harness import scenario
from nsguard_harness.agent_client import Agent
from nsguard_harness.attack import OUTSIDE
from nsguard_harness.checkout import SCENARIOS
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import debian_client
from nsguard_harness.lab.image import APPS, image
from nsguard_harness.run.suite import Cell, Subject, Suite, Verdict, cells_for
from nsguard_harness.run.trial import UNOWNED, reds_of

pytestmark = pytest.mark.lab

# attacks that succeed with a part of the bus: it answers at a visible socket, and starts the granted services
PART = {"bus-activation", "bus-names", "sockets-in-sight"}
WHOLE = {"bus-activation", "bus-names", "resolvectl", "resolved-dbus", "systemd-run-bus"}
OF_THE_BUS = ("bus-*", "resol*", "systemd-run-*", "sockets-*")


def subject(lab: ContainerLab, name: str, identity: str) -> Subject:
    agent = Agent(lab.client, f"/run/nsguard-agent-{name}-{identity}/socket")
    agent.wait()
    return Subject(identity, agent, agent)


def cells_of(lab: ContainerLab, name: str, patterns: Sequence[str] = ("*",)) -> list[Cell]:
    """All attacks that may run beside others: as root if they can, over IPv4 if they have families."""
    subjects = [subject(lab, name, identity) for identity in ("root", "user")]
    cells = [cell for pattern in patterns for cell in cells_for(pattern, subjects, quick=True)]
    return [cell for cell in cells if not cell.attack.alone and cell.family != 6 and cell.subject.identity != OUTSIDE]


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    """A lab whose client has a service for each loosening."""
    with ContainerLab(debian_client(image(APPS))) as lab:
        scenario.apply(lab.client, SCENARIOS / "loosened.nix")
        yield lab


def leaked(lab: ContainerLab, cells: dict[str, list[Cell]]) -> dict[str, set[str]]:
    """The attacks with verdict LEAKED, by the service in which they ran."""
    run = Suite(lab, [cell for of in cells.values() for cell in of], tail=0.5).confined()
    reds = {name: reds_of(of, run) for name, of in cells.items()}
    return {name: {red.attack for red in of if red.verdict is Verdict.LEAKED} - {UNOWNED} for name, of in reds.items()}


def test_a_loosening_lets_those_attacks_succeed_that_it_names_and_no_others(lab: ContainerLab) -> None:
    named = scenario.loosenings() | {"devices": {"device-nodes"}}
    cells = {name: cells_of(lab, name) for name in named}
    assert all(len(of) > 100 for of in cells.values())
    assert leaked(lab, cells) == named


def test_processes_stay_hidden_from_a_user_without_process_numbers_of_its_own(lab: ContainerLab) -> None:
    reach, sight = {"limits-outside", "signal-outside"}, {"proc-command", "proc-net"}
    cells = {
        name: cells_for(sorted(reach | sight), [subject(lab, name, "user")], quick=True)
        for name in ("ownProcesses", "hiddenProcesses")
    }
    assert leaked(lab, cells) == {"ownProcesses": reach, "hiddenProcesses": reach | sight}


def test_a_bus_lets_those_attacks_succeed_that_it_is_known_for(lab: ContainerLab) -> None:
    cells = {name: cells_of(lab, name, OF_THE_BUS) for name in ("filtered-bus", "whole-bus")}
    assert leaked(lab, cells) == {"filtered-bus": PART, "whole-bus": WHOLE}


@pytest.mark.parametrize(("service", "uid"), [("asks-root", 0), ("asks@one", 33)])
def test_a_service_asks_on_its_part_of_the_bus_and_nowhere_else(lab: ContainerLab, service: str, uid: int) -> None:
    lab.client.succeed(f"systemctl start {service} || {{ journalctl -b -n 15 -o cat >&2; exit 1; }}")
    # not by unit: the journal may not know the unit of a program that ends once it has written (systemd issue 2913)
    journal = lab.client.succeed(f"journalctl --sync; journalctl -o cat -t busctl _UID={uid}")
    assert 's "client"' in journal
    assert "Error.ServiceUnknown" in journal
    lab.client.wait_until_fails(f"systemctl is-active 'nsguard-system-bus-{service}'", 10)
