"""Runs attacks against the confined and, as their controls, against the unconfined; decides each cell's verdict.

A cell is attack, family and identity. All cells run confined under one capture, then all controls under a second one
with the same observer. `contained` needs both: the control was seen, the confined run was not.
"""

from __future__ import annotations

import fnmatch
import secrets
import string
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from . import attacks as catalogue
from .attack import Attack, Outcome
from .capture import CaptureLike, Frame
from .errors import CommandError, HarnessError
from .judge import Judgement, judge
from .lab.base import Lab
from .tap import Tap
from .tokens import Tokens
from .world import Observed

# attacks mostly wait for answers
WORKERS = 8
# names that daemons refresh or retransmit by themselves come late
TAIL_SECONDS = 2.0


class Verdict(StrEnum):
    """LEAKED: it got out. vacuous: nothing was proved, since its control was not seen. error: the lab failed."""

    CONTAINED = "contained"
    LEAKED = "LEAKED"
    VACUOUS = "vacuous"
    ERROR = "error"


EXIT = {Verdict.CONTAINED: 0, Verdict.LEAKED: 1, Verdict.VACUOUS: 2, Verdict.ERROR: 3}


class Runs(Protocol):
    """What runs an attack inside a service of a machine, as Agent does. Raises HarnessError when out of reach."""

    def wait(self) -> None: ...

    def run(self, attack: str, token: str, family: int, parameters: Mapping[str, Any], timeout: float) -> Outcome: ...


@dataclass(frozen=True)
class Subject:
    """An identity: the confined service that runs as it, and an unconfined one for the controls."""

    identity: str
    confined: Runs
    control: Runs


@dataclass(frozen=True)
class Cell:
    """One attack, of one family, by one identity, with a token of its own."""

    attack: Attack
    family: int
    subject: Subject
    token: str


@dataclass(frozen=True)
class Span:
    """When a group of attacks ran, in seconds since the epoch; name: the attack's that ran by itself, else empty."""

    start: float
    end: float
    name: str = ""


@dataclass(frozen=True)
class Run:
    """How one phase (confined or control) ended: what each cell said or why it could not run, and what was seen."""

    outcomes: Mapping[str, Outcome]
    failures: Mapping[str, str]
    judgement: Judgement
    frames: Sequence[Frame] = ()
    arrived: frozenset[str] = frozenset()
    seconds: float = 0.0
    spans: Sequence[Span] = ()


@dataclass(frozen=True)
class Result:
    """A cell's verdict. evidence: why; said: what the confined attacker reported; control: how its control was seen."""

    attack: str
    family: int
    identity: str
    token: str
    verdict: Verdict
    evidence: str
    said: str = ""
    control: str = ""


@dataclass(frozen=True)
class Report:
    """Everything a run showed."""

    results: tuple[Result, ...]
    confined: Run
    control: Run

    def count(self, verdict: Verdict) -> int:
        """Cells with that verdict; a kind of unowned frames counts as one leak."""
        extra = len({leak.kind for leak in self.confined.judgement.unowned}) if verdict is Verdict.LEAKED else 0
        return extra + sum(result.verdict is verdict for result in self.results)

    @property
    def status(self) -> int:
        """Exit status: 1 if anything leaked, else 3 if the lab failed, else 2 if anything was vacuous, else 0."""
        for verdict in (Verdict.LEAKED, Verdict.ERROR, Verdict.VACUOUS):
            if self.count(verdict):
                return EXIT[verdict]
        return EXIT[Verdict.CONTAINED] if self.results else EXIT[Verdict.VACUOUS]


def plan(pattern: str, subjects: Iterable[Subject]) -> list[Cell]:
    """Every cell of the attacks whose names match a glob, each with a token of its own."""
    chosen = [attack() for name, attack in catalogue.registry().items() if fnmatch.fnmatchcase(name, pattern)]
    run = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(5))
    combinations = [
        (attack, family, subject)
        for attack in chosen
        for subject in subjects
        if subject.identity in attack.identities
        for family in attack.families
    ]
    return [Cell(*one, token=f"ng{run}x{number:03d}") for number, one in enumerate(combinations)]


@dataclass
class Suite:
    """Runs cells in a lab. progress: called with each cell's attack name and phase as it ends."""

    lab: Lab
    cells: Sequence[Cell]
    progress: Callable[[str, str], None] = lambda attack, phase: None
    tail: float = TAIL_SECONDS
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def run(self) -> Report:
        """All cells confined, then all controls. Raises LabError when the lab itself gives way."""
        confined, control = self._phase("confined"), self._phase("control")
        return Report(tuple(decide(cell, confined, control) for cell in self.cells), confined, control)

    def confined(self) -> Run:
        """The confined runs alone, for cells whose controls were seen before. Raises LabError as `run` does."""
        return self._phase("confined")

    def _phase(self, name: str) -> Run:
        start = time.monotonic()
        tokens = Tokens({cell.token: cell.attack.name for cell in self.cells})
        phase = _Phase(name, Observed(self.lab))
        capture: CaptureLike = self.lab.capture(self.lab.client)
        with capture, Tap(self.lab.server) as tap:
            for group in _groups(self.cells, name):
                begun = time.time()
                self._group(group, phase)
                alone = group[0].attack.alone and len({cell.attack.name for cell in group}) == 1
                phase.spans.append(Span(begun, time.time(), group[0].attack.name if alone else ""))
            time.sleep(self.tail)  # a window of observation, not a wait for something
            arrived = tap.tokens(tokens)
        judgement = judge(capture.frames, phase.observed.world, tokens, capture.dropped)
        seconds = time.monotonic() - start
        return Run(phase.outcomes, phase.failures, judgement, capture.frames, arrived, seconds, phase.spans)

    def _group(self, cells: Sequence[Cell], phase: _Phase) -> None:
        """Cells that run side by side, between their attacks' `before` and `after`."""
        used = list({cell.attack.name: cell.attack for cell in cells}.values())
        prepared: list[Attack] = []
        broken: dict[str, str] = {}
        for attack in used:
            if phase.name == "control" and not attack.prepared_control:
                continue
            prepared.append(attack)  # also when it breaks half-way: `after` then cleans up
            _guarded(attack, "before", self.lab, broken)
        with ThreadPoolExecutor(WORKERS) as pool:
            running = {cell.token: pool.submit(self._attempt, cell, phase.name) for cell in cells}
            if phase.name == "confined":
                for attack in used:
                    _guarded(attack, "during", self.lab, broken)
            for token, future in running.items():
                try:
                    phase.outcomes[token] = future.result()
                except HarnessError as error:
                    phase.failures[token] = str(error)
        phase.observed.look()
        for attack in reversed(prepared):
            _guarded(attack, "after", self.lab, broken)
        phase.observed.look()
        phase.failures.update({c.token: broken[c.attack.name] for c in cells if c.attack.name in broken})

    def _attempt(self, cell: Cell, phase: str) -> Outcome:
        runs = cell.subject.confined if phase == "confined" else cell.subject.control
        runs.wait()  # the machine may have been rebooted
        uplink = self.lab.client.uplinks[0].interface
        parameters = {"uplink": uplink, "control": phase == "control", **self.parameters}
        outcome = runs.run(cell.attack.name, cell.token, cell.family, parameters, cell.attack.timeout)
        self.progress(cell.attack.name, phase)
        return outcome


@dataclass(frozen=True)
class _Phase:
    """What gathers while one phase, `confined` or `control`, goes on."""

    name: str
    observed: Observed
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)


def _groups(cells: Sequence[Cell], phase: str) -> Iterable[list[Cell]]:
    """First all that may run side by side, then attack by attack those that want the machine for themselves.

    A control that needs no preparation disturbs nobody.
    """
    groups: dict[str, list[Cell]] = {"": []}
    for cell in cells:
        alone = cell.attack.alone and (phase == "confined" or cell.attack.prepared_control)
        groups.setdefault(cell.attack.name if alone else "", []).append(cell)
    return filter(None, groups.values())


def _guarded(attack: Attack, hook: str, lab: Lab, broken: dict[str, str]) -> None:
    """A command that fails spoils its attack; a machine that is gone ends the run, by LabError."""
    try:
        getattr(attack, hook)(lab)
    except CommandError as error:
        broken.setdefault(attack.name, f"{hook}: {error}")


def escape(cell: Cell, confined: Run) -> str:
    """How a confined attack got out; empty where it did not."""
    inside = confined.outcomes.get(cell.token)
    if leaks := confined.judgement.of(cell.token):
        return f"{leaks[0].summary} ({len(leaks)} frames)"
    if cell.attack.evidence == "answer" and inside and inside.reached:
        return inside.said
    if cell.attack.silent and cell.token in confined.arrived:
        return "it came out of the tunnel"
    return ""


def decide(cell: Cell, confined: Run, control: Run) -> Result:
    """A cell's verdict from both phases. A leak stays one in a capture with drops; everything else is void there."""
    token, answers = cell.token, cell.attack.evidence == "answer"
    inside, outside = confined.outcomes.get(token), control.outcomes.get(token)
    seen = control.judgement.of(token)
    by_answer = outside.said if answers and outside and outside.reached else ""
    witness = seen[0].summary if seen else by_answer

    def result(verdict: Verdict, evidence: str) -> Result:
        said = inside.said if inside else ""
        return Result(cell.attack.name, cell.family, cell.subject.identity, token, verdict, evidence, said, witness)

    if evidence := escape(cell, confined):
        return result(Verdict.LEAKED, evidence)
    for name, run in (("confined", confined), ("control", control)):
        if token in run.failures:
            return result(Verdict.ERROR, f"{name}: {run.failures[token]}")
        if run.judgement.void:
            return result(Verdict.ERROR, f"{name}: the capture lost {run.judgement.dropped} frames")
    if not witness:
        return result(Verdict.VACUOUS, f"its control was not seen: {outside.said if outside else 'it did not run'}")
    if cell.attack.tunnelled and token not in confined.arrived:
        return result(Verdict.VACUOUS, f"nothing of it came through the tunnel: {inside.said if inside else ''}")
    return result(Verdict.CONTAINED, "through the tunnel" if cell.attack.tunnelled else "nothing on the uplink")
