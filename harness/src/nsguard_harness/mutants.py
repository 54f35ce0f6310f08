"""Mutants: the plan without one of its protections. A suite that stays green without a protection does not test it.

The plan itself lists its protections.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import attacks, scenario
from .errors import AgentError, CommandError
from .lab.base import Lab
from .machine import Machine
from .run.suite import Cell, Subject, Verdict, cells_for
from .run.trial import Red, attack, switch, together_first
from .scenario import Protection

LIKELIEST = 25  # attacks that run side by side and are tried before the rest
START = "start"  # in place of an attack's name, where the confined services do not even start


@dataclass(frozen=True)
class Fate:
    """The result of a mutant. killers: the attacks that turned red; together_with: what else had to be removed."""

    protection: Protection
    killers: tuple[Red, ...] = ()
    together_with: tuple[str, ...] = ()

    @property
    def killed(self) -> bool:
        """Whether an attack turned red."""
        return bool(self.killers)


class Mutants:
    """Tries mutants of a scenario in a lab that runs it. subjects: how to reach the agents of its services."""

    def __init__(self, lab: Lab, path: Path, subjects: Callable[[Machine], Sequence[Subject]]) -> None:
        self.lab, self.path, self.subjects = lab, path, subjects
        # attacks by their result with nothing removed: one that is red even then shows nothing about a mutant
        self.green: set[str] = set()
        self.red: set[str] = set()

    def fate(self, protection: Protection) -> Fate:
        """Attack the plan without a protection, and if nothing turns red, without those that guard the same as well.

        Then an attack counts only if it is not red with those others removed and this one in place.
        """
        together = self._together(protection) if protection.besides else ()
        killers = {red.attack for red in together} or None
        alone = self._killers([protection.name], protection, only=killers)
        if sure(alone) or not together:
            return Fate(protection, alone)
        return Fate(protection, together, protection.besides)

    def _together(self, protection: Protection) -> tuple[Red, ...]:
        known: set[str] = set()
        together = [protection.name, *protection.besides]
        while red := self._killers(together, protection, skip=known):
            names = {killer.attack for killer in red}
            others = {killer.attack for reds in self.reds(protection.besides, only=names) for killer in reds}
            if fresh := tuple(killer for killer in red if killer.attack not in others):
                return fresh
            known |= names
        return ()

    def _killers(
        self,
        without: Collection[str],
        near: Protection,
        *,
        only: Collection[str] | None = None,
        skip: Collection[str] = (),
    ) -> tuple[Red, ...]:
        while red := first(self.reds(without, near, only=only, skip={*skip, *self.red})):
            self._compare({killer.attack for killer in red} - self.green)
            if green := tuple(killer for killer in red if killer.attack in self.green):
                return green
        return ()

    def _compare(self, names: Collection[str]) -> None:
        """Try attacks with nothing removed, and remember which are green and which are red."""
        if names:
            red = {killer.attack for reds in self.reds((), only=names) for killer in reds}
            self.red |= red
            self.green |= set(names) - red

    def look(self) -> None:
        """Try what may run side by side with nothing removed, so that most need not be tried one by one."""
        self._compare({name for name, attack in attacks.registry().items() if not attack.alone})

    def reds(
        self,
        without: Collection[str],
        near: Protection | None = None,
        *,
        only: Collection[str] | None = None,
        skip: Collection[str] = (),
    ) -> Iterator[list[Red]]:
        """The attacks that turn red without some protections, group by group; only, skip: which to try, by name.

        Attacks that run by themselves are sorted by how much they have in common with `near`, most first.
        """
        try:
            switch(self.lab.client, scenario.render(self.path, list(without)))
            subjects = self.subjects(self.lab.client)
        except (CommandError, AgentError) as error:
            yield [Red(START, Verdict.ERROR, str(error))]
            return
        cells = [
            cell
            for cell in cells_for("*", subjects)
            if cell.attack.name not in skip and (only is None or cell.attack.name in only)
        ]
        for group in likeliest_first(together_first(cells), near) if near else together_first(cells):
            yield attack(self.lab, group)


def likeliest_first(groups: Sequence[list[Cell]], near: Protection) -> Iterator[list[Cell]]:
    """The groups in the order in which they are likely to kill a mutant: most need only the first few attacks."""
    together = [cell for group in groups for cell in group if not cell.attack.alone]
    alone = [group for group in groups if group[0].attack.alone]
    names = sorted({cell.attack.name: -likeness(near, cell) for cell in together}.items(), key=lambda item: item[1])
    early = {name for name, _ in names[:LIKELIEST]}
    alone.sort(key=lambda group: -likeness(near, group[0]))
    split = [[c for c in together if (c.attack.name in early) is whether] for whether in (True, False)]
    yield from filter(None, (split[0], *alone[:1], split[1], *alone[1:]))


def likeness(protection: Protection, cell: Cell) -> int:
    """How many words a protection and an attack's name and description have in common, those of the names twice."""
    name, text = cell.attack.name, cell.attack.__doc__ or ""
    words = _words(f"{protection.name} {protection.guards}")
    return len(words & _words(text)) + len(words & _words(name)) + len(_words(protection.name) & _words(name))


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"[a-z]+", text.lower()) if len(word) > 3}


def first(groups: Iterator[list[Red]]) -> tuple[Red, ...]:
    """The attacks of the first group that turned red by more than an error; all errors where there is no such group."""
    errors: list[Red] = []
    for reds in groups:
        if leaks := sure(reds):
            return leaks
        errors += reds
    return tuple(errors)


def sure(reds: Iterable[Red]) -> tuple[Red, ...]:
    """Those that turned red by more than an error, which shows only that something did not work."""
    return tuple(red for red in reds if red.verdict is not Verdict.ERROR)
