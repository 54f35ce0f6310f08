"""Runs attacks against the confined and, as their controls, against the unconfined; decides each cell's verdict.

A cell is attack, state of the tunnel, family and identity. All cells run confined under one capture, state by state,
then their controls under a second one with the same observer; one control serves all states. `contained` needs both:
the control was seen, the confined run was not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import reduce
from itertools import pairwise
from threading import Event
from typing import Any

from ..attack import Attack, Env, FromOutside, Lacking, Outcome
from ..capture import CaptureLike, Frame
from ..errors import AgentError, CommandError, HarnessError
from ..lab.base import Lab
from ..tap import Tap
from ..verdict.judge import Judgement, counted, judge, merged
from ..verdict.rules import link_local
from ..verdict.tokens import Tokens
from . import hooks
from .cells import OUTSIDER, Cell, Runs, Subject, cells_for
from .states import UP, State
from .world import Observed

__all__ = [
    "EXIT",
    "OUTSIDER",
    "TAIL_SECONDS",
    "Cell",
    "Report",
    "Result",
    "Run",
    "Runs",
    "Span",
    "Subject",
    "Suite",
    "Verdict",
    "cells_for",
    "decide",
    "escape",
]

# questions that daemons repeat by themselves come late
TAIL_SECONDS = 2.0


class Verdict(StrEnum):
    """LEAKED: it got out. vacuous: nothing was proved, since its control was not seen. error: the lab failed.

    cannot apply: it makes no sense in that state, or the machine lacks what it needs; the evidence says why.
    """

    CONTAINED = "contained"
    LEAKED = "LEAKED"
    VACUOUS = "vacuous"
    ERROR = "error"
    CANNOT = "cannot apply"


EXIT = {Verdict.CONTAINED: 0, Verdict.LEAKED: 1, Verdict.VACUOUS: 2, Verdict.ERROR: 3}


@dataclass(frozen=True)
class Span:
    """When a group of attacks ran, in seconds since the epoch; name: the attack's that ran by itself, else empty."""

    start: float
    end: float
    name: str = ""
    state: str = UP.name


@dataclass(frozen=True)
class Run:
    """How one phase (confined or control) ended: what each cell reported or why it failed, and what was captured."""

    outcomes: Mapping[str, Outcome]
    failures: Mapping[str, str]
    judgement: Judgement
    frames: Sequence[Frame] = ()
    arrived: frozenset[str] = frozenset()
    seconds: float = 0.0
    spans: Sequence[Span] = ()


@dataclass(frozen=True)
class Result:
    """A cell's verdict. evidence: why; said: what the confined attacker reported; control: how its control was seen.

    lacking: what lacks something that the attack needs, where the attack reported that.
    """

    attack: str
    family: int
    identity: str
    token: str
    verdict: Verdict
    evidence: str
    said: str = ""
    control: str = ""
    state: str = UP.name
    lacking: Lacking | None = None


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
        return EXIT[Verdict.CONTAINED if self.count(Verdict.CONTAINED) else Verdict.VACUOUS]


@dataclass
class Suite:
    """Runs cells in a lab. progress: called with each cell's attack name and phase as it ends."""

    lab: Lab
    cells: Sequence[Cell]
    progress: Callable[[str, str], None] = lambda attack, phase: None
    tail: float = TAIL_SECONDS
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def run(self, controls: Run | None = None) -> Report:
        """All cells confined, then all controls. Raises LabError when the lab itself gives way.

        controls: those that the same lab showed before, under the tokens that the cells name as their witnesses.
        """
        confined = self._phase("confined")
        control = controls if controls is not None else self.controls()
        return Report(tuple(decide(cell, confined, control) for cell in self.cells), confined, control)

    def confined(self) -> Run:
        """The confined runs alone, for cells whose controls were seen before. Raises LabError as `run` does."""
        return self._phase("confined")

    def controls(self) -> Run:
        """The controls alone, for several runs of the same attacks. Raises LabError as `run` does."""
        return self._phase("control")

    def _phase(self, name: str) -> Run:
        start = time.monotonic()
        tokens = Tokens({cell.token: cell.attack.name for cell in self.cells})
        capture: CaptureLike = self.lab.capture(self.lab.client)
        with capture, Tap(self.lab.server, tokens) as tap:
            phase = _Phase(name, Observed(self.lab), lambda: tap.arrived() | capture.shown(tokens))
            for group in _groups(self.cells, name):
                begun = time.time()
                state = group[0].state if name == "confined" else UP
                try:
                    with _entered(state, self.lab, phase.observed):
                        self._group(group, phase)
                except CommandError as error:
                    phase.failures.update({cell.token: f"{state.name}: {error}" for cell in group})
                alone = group[0].attack if _is_alone(group[0], name) else None
                phase.alone.append(alone)
                phase.spans.append(Span(begun, time.time(), alone.name if alone else "", state.name))
            if name == "control" or not phase.all_leaked(self.cells):
                time.sleep(self.tail)  # a window of observation, not a wait for something
            arrived = tap.arrived()
        judgement = phase.judged(capture, tokens)
        seconds = time.monotonic() - start
        return Run(phase.outcomes, phase.failures, judgement, capture.frames, arrived, seconds, phase.spans)

    def _group(self, cells: Sequence[Cell], phase: _Phase) -> None:
        """Cells that run side by side, between their attacks' `before` and `after`."""
        used = list({cell.attack.name: cell.attack for cell in cells}.values())
        prepared: list[tuple[Attack, str]] = []
        broken: dict[str, str] = {}
        for attack in used:
            around = [("before", "after")] if phase.name == "confined" or attack.prepared_control else []
            if phase.name == "control" and isinstance(attack, FromOutside):
                around.append(("expose", "conceal"))
            for hook, undo in around:
                prepared.append((attack, undo))  # also when it breaks half-way: `after` then cleans up
                hooks.guarded(attack, hook, self.lab, broken)
        for runs in {_runs(cell, phase.name) for cell in cells}:
            with suppress(AgentError):  # its attacks then report the error
                runs.wait()  # the machine may have been rebooted
        with ThreadPoolExecutor(self.lab.workers) as pool, self._disturbed(cells, phase):
            running = {cell.token: pool.submit(self._attempt, cell, phase.name) for cell in cells}
            if phase.name == "confined":
                own = {a.name: {c.token: running[c.token] for c in cells if c.attack.name == a.name} for a in used}
                hooks.disturb(used, own, phase.shown, self.lab, broken)
            for token, future in running.items():
                try:
                    phase.outcomes[token] = future.result()
                except HarnessError as error:
                    phase.failures[token] = str(error)
        phase.observed.look()
        for attack, undo in reversed(prepared):
            hooks.guarded(attack, undo, self.lab, broken)
        if prepared:
            phase.observed.look()
        phase.failures.update({c.token: broken[c.attack.name] for c in cells if c.attack.name in broken})

    @contextmanager
    def _disturbed(self, cells: Sequence[Cell], phase: _Phase) -> Iterator[None]:
        """Let the state disturb the machine for as long as the body goes on."""
        over = Event()

        def disturb() -> None:
            while not over.is_set():
                cells[0].state.disturb(self.lab)
                phase.observed.look()

        if phase.name == "control" or not cells[0].state.disturbs:
            yield
            return
        with ThreadPoolExecutor(1) as pool:
            disturbance = pool.submit(disturb)
            try:
                yield
            finally:
                over.set()
            disturbance.result()

    def _attempt(self, cell: Cell, phase: str) -> Outcome:
        parameters = {
            "uplink": self.lab.client.uplinks[0].interface,
            "neighbour": str(link_local(self.lab.server.uplinks[0].mac)),
            "control": phase == "control",
            "disturbed": phase == "confined" and hooks.is_disturbed(cell.attack),
            "pace": self.lab.pace,
            "own_kernel": self.lab.client.own_kernel,
            **self.parameters,
        }
        attack, runs = cell.attack, _runs(cell, phase)
        timeout = attack.timeout * self.lab.pace
        if isinstance(attack, FromOutside):
            env = Env(cell.token, cell.family, timeout, parameters, self.lab.addresses)
            outcome = attack.probe(self.lab, env)
        else:
            try:
                outcome = runs.run(attack.name, cell.token, cell.family, parameters, timeout)
            except AgentError:
                if phase == "control" or not attack.stops_service:
                    raise
                outcome = Outcome(False, "the service was stopped")
        self.progress(attack.name, phase)
        return outcome


@dataclass(frozen=True)
class _Phase:
    """What one phase, `confined` or `control`, has shown so far.

    shown: gives the tokens that came out of the tunnel so far or are on the wire; alone: for each span the attack that
    ran by itself.
    """

    name: str
    observed: Observed
    shown: Callable[[], frozenset[str]]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    alone: list[Attack | None] = field(default_factory=list)

    def all_leaked(self, cells: Sequence[Cell]) -> bool:
        """Whether each confined cell got an answer, which is a leak whatever comes later."""
        outcomes = [self.outcomes.get(cell.token) for cell in cells if cell.attack.evidence == "answer"]
        return bool(cells) and len(outcomes) == len(cells) and all(it is not None and it.reached for it in outcomes)

    def judged(self, capture: CaptureLike, tokens: Tokens) -> Judgement:
        """Judge every frame by the world of its span; a frame between two spans belongs to the earlier one."""
        world, judgements = self.observed.world, [Judgement(dropped=capture.dropped)]
        edges = [float("-inf"), *(span.start for span in self.spans[1:]), float("inf")]
        for attack, (start, end) in zip(self.alone or [None], pairwise(edges), strict=True):
            frames = [frame for frame in capture.frames if start <= frame.time < end]
            amended, name = (attack.amended(world), attack.name) if attack else (world, None)
            judgements.append(judge(frames, amended, tokens, alone=name))
        return reduce(merged, judgements)


@contextmanager
def _entered(state: State, lab: Lab, observed: Observed) -> Iterator[None]:
    if state is UP:
        yield  # there is nothing to enter, and attacks that change something are followed by a look
        return
    try:
        state.enter(lab)
        observed.look()
        yield
        observed.look()
    finally:
        state.leave(lab)
        observed.look()


def _runs(cell: Cell, phase: str) -> Runs:
    return cell.subject.confined if phase == "confined" else cell.subject.control


def _is_alone(cell: Cell, phase: str) -> bool:
    """A control that needs no preparation disturbs nobody."""
    return cell.attack.alone and (phase == "confined" or cell.attack.prepared_control)


def _groups(cells: Sequence[Cell], phase: str) -> Iterable[list[Cell]]:
    """State by state; first all that may run side by side, then one by one those that want the machine for themselves.

    One control serves all states.
    """
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.cannot or (phase == "control" and cell.token != cell.control):
            continue
        name = cell.attack.name if _is_alone(cell, phase) else ""
        groups.setdefault((cell.state.name if phase == "confined" else "", name), []).append(cell)
    names = list(dict.fromkeys(state for state, _ in groups))
    return [groups[key] for key in sorted(groups, key=lambda key: (names.index(key[0]), key[1] != ""))]


def escape(cell: Cell, confined: Run) -> str:
    """How a confined attack got out; empty where it did not."""
    inside = confined.outcomes.get(cell.token)
    if leaks := confined.judgement.of(cell.token):
        return f"{leaks[0].summary} ({counted(len(leaks), 'frame')})"
    if cell.attack.evidence == "answer" and inside and inside.reached:
        return inside.said
    if cell.attack.silent and cell.token in confined.arrived:
        return "it came out of the tunnel"
    if cell.attack.alone and (leaks := confined.judgement.beside(cell.attack.name)):
        return f"without its token: {leaks[0].summary}: {leaks[0].reason} ({counted(len(leaks), 'frame')})"
    return ""


def decide(cell: Cell, confined: Run, control: Run) -> Result:
    """A cell's verdict from both phases. A leak stays one in a capture with drops; everything else is void there."""
    token, answers = cell.token, cell.attack.evidence == "answer"
    inside, outside = confined.outcomes.get(token), control.outcomes.get(cell.control)
    seen = control.judgement.of(cell.control)
    by_answer = outside.said if answers and outside and outside.reached else ""
    witness = seen[0].summary if seen else by_answer

    def result(verdict: Verdict, evidence: str) -> Result:
        report, who = inside.said if inside else "", cell.subject.identity
        lacking = outside.lacking if outside and verdict is Verdict.CANNOT else None
        return Result(
            cell.attack.name, cell.family, who, token, verdict, evidence, report, witness, cell.state.name, lacking
        )  # fmt: skip

    if cell.cannot:
        return result(Verdict.CANNOT, cell.cannot)
    if evidence := escape(cell, confined):
        return result(Verdict.LEAKED, evidence)
    for name, run, its in (("confined", confined, token), ("control", control, cell.control)):
        if its in run.failures:
            return result(Verdict.ERROR, f"{name}: {run.failures[its]}")
        if run.judgement.void:
            return result(Verdict.ERROR, f"{name}: the capture lost {run.judgement.dropped} frames")
    if not witness:
        return result(*_unseen(outside))
    if not cell.attack.tunnelled or not cell.state.carries:
        return result(Verdict.CONTAINED, "nothing on the uplink")
    if token not in confined.arrived:
        return result(Verdict.VACUOUS, f"nothing of it came through the tunnel: {inside.said if inside else ''}")
    return result(Verdict.CONTAINED, "through the tunnel")


def _unseen(control: Outcome | None) -> tuple[Verdict, str]:
    """Verdict and evidence where a control was not seen: it may have reported that the machine lacks something."""
    if control and control.lacks:
        return Verdict.CANNOT, control.lacks
    return Verdict.VACUOUS, f"its control was not seen: {control.said if control else 'it did not run'}"
