"""Who attacks in a run: agents in a scenario's services, confined and unconfined."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from ..agent_client import Agent
from ..machine import Machine
from ..target import SERVICES
from .cells import Subject


def subjects(machine: Machine, app: str = "boxed") -> tuple[Subject, ...]:
    """One subject for each identity that the machine has services for, once their agents answer. Raises AgentError.

    app: which of the scenario's apps attacks as the ordinary user, where it has apps.
    """
    both = [(who, pair) for services in SERVICES for who, pair in services.items()]
    unit = f"nsguard-app-{app}"
    installed = _installed(machine, [unit, *(name for _, pair in both for name in pair)])
    pairs = {who: pair for who, pair in both if installed.issuperset(pair)}
    agents = {name: Agent(machine, f"/run/nsguard-agent-{name}/socket") for pair in pairs.values() for name in pair}
    for agent in agents.values():
        agent.wait()
    attackers = [Subject(who, agents[inside], agents[out]) for who, (inside, out) in pairs.items()]
    if unit in installed:
        attackers.append(_app(machine, app))
    return tuple(attackers)


def _installed(machine: Machine, services: Sequence[str]) -> set[str]:
    """Those of some services that the machine has units for."""
    shown = machine.succeed(f"systemctl show -p LoadState --value {shlex.join(f'{name}.service' for name in services)}")
    states = shown.split()
    return {name for name, state in zip(services, states, strict=True) if state != "not-found"}


def _app(machine: Machine, app: str) -> Subject:
    agents = [Agent(machine, f"/run/{name}/socket") for name in (f"nsguard-app-{app}", "nsguard-agent-free-user")]
    for agent in agents:
        agent.wait()
    return Subject("user", *agents)
