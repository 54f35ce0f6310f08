"""Times of commands in a machine, taken in turn."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..lab.peer import LIBRARY
from ..machine import Machine
from .figures import Figure


class Times(NamedTuple):
    """The milliseconds of a command in each round: on the clock, and of processor time of the whole machine."""

    clock: Sequence[float]
    processor: Sequence[float]


def milliseconds(machine: Machine, rounds: int, commands: Sequence[str]) -> list[Times]:
    """The times of each command. Raises CommandError."""
    arguments = shlex.join([str(rounds), *commands])
    return [
        Times(*(list(map(float, it)) for it in pair)) for pair in json.loads(inside(machine, "stopwatch", arguments))
    ]


def in_turn(machine: Machine, rounds: int, commands: Mapping[str, str]) -> dict[str, Times]:
    """The same by name."""
    return dict(zip(commands, milliseconds(machine, rounds, list(commands.values())), strict=True))


def figure(name: str, times: Mapping[str, Times], goals: Mapping[str, float]) -> Figure:
    """A figure of the times of each side, by its name."""
    return Figure(
        name,
        "ms",
        {side: it.clock for side, it in times.items()},
        goals,
        processor={side: it.processor for side, it in times.items()},
    )


def inside(machine: Machine, module: str, arguments: str, namespace: str | None = None) -> str:
    """What one of the programs in `inside` prints, in a network namespace of the machine or in its own."""
    enter = f"ip netns exec {namespace} " if namespace else ""
    # a NixOS has its own programs in PATH, and Python where the tree below it has it
    setting = f"PATH=$PATH:/usr/bin PYTHONPATH={LIBRARY}"
    return machine.succeed(f"{setting} {enter}python3 -m nsguard_harness.inside.{module} {arguments}")
