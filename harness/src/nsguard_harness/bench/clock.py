"""Times of commands in a machine, taken in turn."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence

from ..lab.peer import LIBRARY
from ..machine import Machine

Samples = list[float]


def milliseconds(machine: Machine, rounds: int, commands: Sequence[str]) -> list[Samples]:
    """A list for each command, with its time in each round. Raises CommandError."""
    arguments = shlex.join([str(rounds), *commands])
    return [list(map(float, it)) for it in json.loads(inside(machine, "stopwatch", arguments))]


def in_turn(machine: Machine, rounds: int, commands: Mapping[str, str]) -> dict[str, Samples]:
    """The same by name."""
    return dict(zip(commands, milliseconds(machine, rounds, list(commands.values())), strict=True))


def inside(machine: Machine, module: str, arguments: str, namespace: str | None = None) -> str:
    """What one of the programs in `inside` prints, in a network namespace of the machine or in its own."""
    enter = f"ip netns exec {namespace} " if namespace else ""
    # a NixOS has its own programs in PATH, and Python where the tree below it has it
    setting = f"PATH=$PATH:/usr/bin PYTHONPATH={LIBRARY}"
    return machine.succeed(f"{setting} {enter}python3 -m nsguard_harness.inside.{module} {arguments}")
