"""One lab for many variants of a scenario: each is installed in turn, and attacked until an attack turns red.

Controls are not run: they were seen before, with the unchanged plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .. import scenario
from ..lab.base import Lab
from ..machine import Machine
from ..scenario import Plan
from ..target import UNCONFINED
from .suite import Cell, Run, Suite, Verdict, escape

TAIL_SECONDS = 0.5  # the first frame that gets out is enough
UNOWNED = "unowned"  # in place of an attack's name, for leaks that belong to no attack


@dataclass(frozen=True)
class Red:
    """An attack that turned red, and why."""

    attack: str
    verdict: Verdict
    evidence: str


def switch(machine: Machine, plan: Plan) -> None:
    """Put another plan of the same units in place of the one that runs. Raises CommandError where it does not start.

    Services for controls go on: they are the same in every plan.
    """
    changed = set(plan.units) - set(UNCONFINED)
    units = " ".join(f"'{name.replace('@.', '@*.')}'" for name in sorted(changed))
    machine.succeed(f"systemctl stop {units}; systemctl reset-failed {units} 2>/dev/null || true")
    # Also links to units that the other plan has nothing start: they would start these all the same.
    machine.succeed(f"rm -f {scenario.UNITS}/*.wants/nsguard-*")
    scenario.install(machine, plan)
    scenario.start(machine, plan)


def attack(lab: Lab, cells: Sequence[Cell]) -> list[Red]:
    """Run cells confined. One leak is enough; an attack that is red for another reason must be so twice."""
    reds = _once(lab, cells)
    if reds and not any(red.verdict is Verdict.LEAKED for red in reds):
        again = {red.attack for red in _once(lab, renewed(cells))}
        reds = [red for red in reds if red.attack in again]
    return reds


def _once(lab: Lab, cells: Sequence[Cell]) -> list[Red]:
    return reds_of(cells, Suite(lab, cells, tail=TAIL_SECONDS).confined())


def renewed(cells: Sequence[Cell]) -> list[Cell]:
    """The same cells with other tokens: a name that was looked up before may be answered from a cache.

    Their controls stay those of the first ones.
    """
    return [replace(cell, token=f"{cell.token}x", witness=cell.control) for cell in cells]


def reds_of(cells: Sequence[Cell], run: Run) -> list[Red]:
    """The attacks of a confined run that are not contained; leaks that belong to no attack are one more."""
    reds: dict[str, Red] = {}
    for cell in cells:
        if red := _red(cell, run):
            reds.setdefault(red.attack, red)
    for leak in run.judgement.unowned[:1]:
        reds[UNOWNED] = Red(UNOWNED, Verdict.LEAKED, f"{leak.summary}: {leak.reason}")
    return list(reds.values())


def _red(cell: Cell, run: Run) -> Red | None:
    name, token = cell.attack.name, cell.token
    if evidence := escape(cell, run):
        return Red(name, Verdict.LEAKED, evidence)
    if cell.attack.tunnelled and token in run.outcomes and token not in run.arrived:
        return Red(name, Verdict.VACUOUS, f"nothing came through the tunnel: {run.outcomes[token].said}")
    if token in run.failures:
        return Red(name, Verdict.ERROR, run.failures[token])
    return None


def together_first(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Groups of cells: first all that may run side by side, then each attack that wants the machine for itself."""
    groups: dict[str, list[Cell]] = {"": []}
    for cell in cells:
        if not cell.cannot:
            groups.setdefault(cell.attack.name if cell.attack.alone else "", []).append(cell)
    return [group for group in groups.values() if group]
