"""What a run is made of: attacks, states of the tunnel, families and identities, multiplied into cells."""

from __future__ import annotations

import fnmatch
import secrets
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .. import attacks as catalogue
from ..attack import OUTSIDE, Attack, Outcome
from .states import STATES, UP, State


class Runs(Protocol):
    """Runs attacks inside a service of a machine, as Agent does. Raises HarnessError where that cannot be reached."""

    def wait(self) -> None:
        """Wait until attacks can be run."""

    def run(self, attack: str, token: str, family: int, parameters: Mapping[str, Any], timeout: float) -> Outcome:
        """Run an attack to its end, or until `timeout` seconds are over."""


@dataclass(frozen=True)
class Subject:
    """An identity: the confined service that runs as it, and an unconfined one for the controls."""

    identity: str
    confined: Runs
    control: Runs


@dataclass(frozen=True)
class Cell:
    """One attack, in one state, of one family, by one identity, with a token of its own.

    witness: the token under which its control runs, which is that of another state's cell where one control serves
    both; empty for its own token. cannot: why the cell is not run; empty where it is.
    """

    attack: Attack
    family: int
    subject: Subject
    token: str
    state: State = UP
    witness: str = ""
    cannot: str = ""

    @property
    def control(self) -> str:
        """The token under which the cell's control runs."""
        return self.witness or self.token


class _Nobody:
    """Stands in for a service where the lab's side does the whole attack."""

    def wait(self) -> None: ...

    def run(self, attack: str, token: str, family: int, parameters: Mapping[str, Any], timeout: float) -> Outcome:
        raise NotImplementedError


OUTSIDER = Subject(OUTSIDE, _Nobody(), _Nobody())


def cells_for(
    names: str | Sequence[str], subjects: Iterable[Subject], states: str = UP.name, *, quick: bool = False
) -> list[Cell]:
    """Every cell of the attacks and states whose names match a glob, each with a token of its own.

    names: the attacks' glob, or several of which one must match; states: the states' glob.

    quick: the core attacks alone, each by the first of its identities that there is a subject for.
    """
    known = {subject.identity: subject for subject in (*subjects, OUTSIDER)}
    chosen = [attack() for name, attack in catalogue.registry().items() if _matches(name, names)]
    run = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(5))
    cells: list[Cell] = []
    witnesses: dict[tuple[str, int, str], str] = {}
    for state in (state for state in STATES if fnmatch.fnmatchcase(state.name, states)):
        for attack in (attack for attack in chosen if attack.core or not quick):
            identities = [who for who in attack.identities if who in known]
            for who in identities[:1] if quick else identities:
                for family in attack.families:
                    token = f"ng{run}x{len(cells):04d}"
                    cannot = why_not(attack, state)
                    witness = token if cannot else witnesses.setdefault((attack.name, family, who), token)
                    cells.append(Cell(attack, family, known[who], token, state, witness, cannot))
    return cells


def no_attacks(glob: str, *, quick: bool = False) -> str:
    """Why `cells_for` finds no attack by a glob; empty where it finds one."""
    alike = [attack for name, attack in catalogue.registry().items() if _matches(name, glob)]
    if not alike:
        return f"{glob}: no attack has such a name; `nsguard-leaktest list` shows them"
    if quick and not any(attack.core for attack in alike):
        return f"{glob}: no attack of the core set has such a name, and `quick` leaves out all others"
    return ""


def no_states(glob: str) -> str:
    """Why `cells_for` finds no state by a glob; empty where it finds one."""
    names = [state.name for state in STATES]
    return "" if fnmatch.filter(names, glob) else f"{glob}: no state has such a name; there are {', '.join(names)}"


def _matches(name: str, globs: str | Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, glob) for glob in ([globs] if isinstance(globs, str) else globs))


def why_not(attack: Attack, state: State) -> str:
    """Why an attack is not tried in a state; empty where it is."""
    if state is UP or attack.every_state:
        return ""
    return "it disturbs the tunnel itself" if attack.alone else "the tunnel's state makes no difference to it"


def runs_of(cells: Sequence[Cell]) -> int:
    """How often an attack is run for these cells, controls included."""
    return sum(1 + (cell.token == cell.control) for cell in cells if not cell.cannot)
