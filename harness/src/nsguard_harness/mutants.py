"""Mutants: the plan without one of its protections. A suite that stays green on one has nothing to say of it.

What there is to remove the plan lists itself. One lab serves all mutants: each gets its units and files anew, its
namespace and services are made again, and the attacks run confined until one turns red. Their controls were seen
before, on the whole plan.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import scenario
from .errors import AgentError, CommandError
from .lab.base import Lab
from .machine import Machine
from .scenario import Plan, Protection
from .suite import Cell, Run, Subject, Suite, Verdict, escape, plan

TAIL_SECONDS = 0.5  # the first frame that gets out is enough
START = "start"  # stands for the attack where the confined services do not even start
UNOWNED = "unowned"  # and where frames left that carry no token


@dataclass(frozen=True)
class Red:
    """An attack that turned red, and why."""

    attack: str
    verdict: Verdict
    evidence: str


@dataclass(frozen=True)
class Fate:
    """What became of a mutant. killers: the attacks that turned red; together_with: what else had to be removed."""

    protection: Protection
    killers: tuple[Red, ...] = ()
    together_with: tuple[str, ...] = ()

    @property
    def killed(self) -> bool:
        return bool(self.killers)


class Mutants:
    """Tries mutants of a scenario in a lab that runs it. subjects: how to reach the agents of its services."""

    def __init__(
        self, lab: Lab, path: Path, subjects: Callable[[Machine], Sequence[Subject]], pattern: str = "*"
    ) -> None:
        self.lab, self.path, self.subjects, self.pattern = lab, path, subjects, pattern

    def fate(self, protection: Protection) -> Fate:
        """Remove a protection; where nothing turns red, remove those that it stands beside as well.

        Then something must turn red that does not without them alone.
        """
        if alone := first(self.reds([protection.name], protection)):
            return Fate(protection, alone)
        known: set[str] = set()
        together = [protection.name, *protection.besides]
        while protection.besides and (red := first(self.reds(together, protection, skip=known))):
            names = {one.attack for one in red}
            others = {one.attack for reds in self.reds(protection.besides, only=names) for one in reds}
            if fresh := tuple(one for one in red if one.attack not in others):
                return Fate(protection, fresh, protection.besides)
            known |= names
        return Fate(protection)

    def reds(
        self,
        without: Collection[str],
        near: Protection | None = None,
        *,
        only: Collection[str] | None = None,
        skip: Collection[str] = (),
    ) -> Iterator[list[Red]]:
        """The attacks that turn red without some protections, group by group; only, skip: which to try, by name.

        Those that want the machine for themselves come in the order of what they have in common with `near`.
        """
        try:
            self.switch(scenario.render(self.path, list(without)))
            subjects = self.subjects(self.lab.client)
        except (CommandError, AgentError) as error:
            yield [Red(START, Verdict.ERROR, str(error))]
            return
        cells = [cell for cell in plan(self.pattern, subjects) if cell.attack.name not in skip]
        cells = [cell for cell in cells if only is None or cell.attack.name in only]
        for group in groups(cells, near):
            reds = self._run(group)
            if reds and not any(red.verdict is Verdict.LEAKED for red in reds):
                # a frame seen is a frame seen, but one missed must be missed twice
                again = {red.attack for red in self._run(renewed(group))}
                reds = [red for red in reds if red.attack in again]
            yield reds

    def _run(self, cells: Sequence[Cell]) -> list[Red]:
        return reds_of(cells, Suite(self.lab, cells, tail=TAIL_SECONDS).confined())

    def switch(self, made: Plan) -> None:
        """Put another plan of the same units in place of the one that runs."""
        units = " ".join(made.units)
        self.lab.client.succeed(f"systemctl stop {units}; systemctl reset-failed {units} 2>/dev/null || true")
        scenario.install(self.lab.client, made)
        scenario.start(self.lab.client, made)


def groups(cells: Sequence[Cell], near: Protection | None = None) -> Iterator[list[Cell]]:
    """First all that may run side by side, then each attack that wants the machine for itself, the likeliest first."""
    together: list[Cell] = []
    alone: dict[str, list[Cell]] = {}
    for cell in cells:
        (alone.setdefault(cell.attack.name, []) if cell.attack.alone else together).append(cell)
    if together:
        yield together
    yield from sorted(alone.values(), key=lambda group: -likeness(near, group[0])) if near else alone.values()


def likeness(protection: Protection, cell: Cell) -> int:
    """How many words a protection and an attack's name and description have in common, those of the names twice."""
    name, text = cell.attack.name, cell.attack.__doc__ or ""
    wanted = _words(f"{protection.name} {protection.guards}")
    return len(wanted & _words(text)) + len(wanted & _words(name)) + len(_words(protection.name) & _words(name))


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"[a-z]+", text.lower()) if len(word) > 3}


def renewed(cells: Sequence[Cell]) -> list[Cell]:
    """The same cells with other tokens: names that were looked up once are in caches."""
    return [replace(cell, token=f"{cell.token}x") for cell in cells]


def reds_of(cells: Sequence[Cell], run: Run) -> list[Red]:
    """The attacks of a confined run that are not contained. Frames that nobody owns are those of who was alone."""
    reds: dict[str, Red] = {}
    for cell in cells:
        if red := _red(cell, run):
            reds.setdefault(red.attack, red)
    names = {cell.attack.name for cell in cells}
    if run.judgement.unowned:
        name = next(iter(names)) if len(names) == 1 else UNOWNED
        leak = run.judgement.unowned[0]
        reds.setdefault(name, Red(name, Verdict.LEAKED, f"{leak.summary}: {leak.reason}"))
    return list(reds.values())


def _red(cell: Cell, run: Run) -> Red | None:
    name, token = cell.attack.name, cell.token
    if evidence := escape(cell, run):
        return Red(name, Verdict.LEAKED, evidence)
    if token in run.failures:
        return Red(name, Verdict.ERROR, run.failures[token])
    if cell.attack.tunnelled and token not in run.arrived:
        return Red(name, Verdict.VACUOUS, f"nothing came through the tunnel: {run.outcomes[token].said}")
    return None


def first(groups_of_reds: Iterator[list[Red]]) -> tuple[Red, ...]:
    """Those of the first group in which something is red by more than an error; only errors where there is none."""
    errors: list[Red] = []
    for reds in groups_of_reds:
        if sure := [red for red in reds if red.verdict is not Verdict.ERROR]:
            return tuple(sure)
        errors += reds
    return tuple(errors)
