"""What was measured, as data: samples that were taken in turn, and ratios of those of the same round.

What else a machine does at the time hits all samples of a round alike, so that ratios hold where milliseconds do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

OURS = "nsguard"


@dataclass(frozen=True)
class Spread:
    """A median, with the quartiles round it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        """The spread of at least one sample."""
        if len(samples) == 1:
            return cls(samples[0], samples[0], samples[0])
        low, middle, high = quantiles(samples, n=4, method="inclusive")
        return cls(middle, low, high)


@dataclass(frozen=True)
class Figure:
    """One thing that was measured.

    samples: by what was measured, "nsguard" among them, one for each round; goals: by the same names, what nsguard's
    ratio to them is to be at most, or at least where more is better; processor: as samples, the milliseconds of
    processor time of the whole machine, which other load changes less. Empty where it was not measured.
    """

    name: str
    unit: str
    samples: Mapping[str, Sequence[float]]
    goals: Mapping[str, float] = field(default_factory=dict)
    more_is_better: bool = False
    processor: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def others(self) -> list[str]:
        """What nsguard is compared with."""
        return [name for name in self.samples if name != OURS]

    def ratio(self, other: str) -> Spread:
        """nsguard's samples divided by those of `other`, round by round."""
        return _ratio(self.samples, other)

    def processor_ratio(self, other: str) -> Spread | None:
        """The same of processor time; None where it was not measured."""
        return _ratio(self.processor, other) if self.processor else None

    def reached(self, other: str) -> bool | None:
        """Whether the median reaches the goal; None where there is none."""
        if other not in self.goals:
            return None
        ratio, goal = self.ratio(other).median, self.goals[other]
        return ratio >= goal if self.more_is_better else ratio <= goal

    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        ratios = {other: vars(self.ratio(other)) | {"goal": self.goals.get(other)} for other in self.others()}
        processor = {other: vars(ratio) for other in self.others() if (ratio := self.processor_ratio(other))}
        return {
            "name": self.name,
            "unit": self.unit,
            "moreIsBetter": self.more_is_better,
            "samples": {name: list(samples) for name, samples in self.samples.items()},
            "medians": {name: median(samples) for name, samples in self.samples.items()},
            "ratios": ratios,
            "processor": {name: list(samples) for name, samples in self.processor.items()},
            "processorRatios": processor,
        }


def _ratio(samples: Mapping[str, Sequence[float]], other: str) -> Spread:
    return Spread.of([a / b for a, b in zip(samples[OURS], samples[other], strict=True)])


@dataclass(frozen=True)
class Stage:
    """A part of the time of one start, in milliseconds."""

    name: str
    milliseconds: float


@dataclass(frozen=True)
class Count:
    """Namespaces that were brought up at once: seconds for all, and megabytes of memory for each at rest.

    start: milliseconds of a confined oneshot's start while they are up.
    """

    namespaces: int
    seconds: float
    megabytes: float
    start: float


@dataclass(frozen=True)
class Figures:
    """The figures of a run. lab: its kind; wireguard: whose; steps: of one start of a namespace and its tunnel.

    load: the machine's load average over a minute, when the run began and when it ended.
    """

    lab: str
    wireguard: str
    rounds: int
    figures: Sequence[Figure] = ()
    stages: Sequence[Stage] = ()
    steps: Sequence[Stage] = ()
    counts: Sequence[Count] = ()
    evaluation: Mapping[str, float] = field(default_factory=dict)
    load: tuple[float, float] = (0.0, 0.0)

    def about(self) -> str:
        """How the figures were measured, in one line."""
        begin, end = self.load
        return (
            f"Lab: {self.lab}. WireGuard: {self.wireguard}. {self.rounds} rounds, taken in turn. "
            f"Load of the machine: {begin:.1f} at the beginning, {end:.1f} at the end."
        )

    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "lab": self.lab,
            "wireguard": self.wireguard,
            "rounds": self.rounds,
            "load": list(self.load),
            "figures": [figure.data() for figure in self.figures],
            "stages": [vars(stage) for stage in self.stages],
            "steps": [vars(step) for step in self.steps],
            "counts": [vars(count) for count in self.counts],
            "evaluation": dict(self.evaluation),
        }
