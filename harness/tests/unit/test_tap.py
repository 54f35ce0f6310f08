"""The tap reads what came out of the tunnel only once, however much it is."""

from __future__ import annotations

from typing import Any, cast

from nsguard_harness.machine import Machine
from nsguard_harness.tap import Tap
from nsguard_harness.verdict.tokens import OVERLAP, Tokens
from pretended import UPLINK, FakeMachine

TOKENS = Tokens({"nga0c0ffee0": "one", "nga0c0ffee1": "other"})


class Counting(FakeMachine):
    """Counts the bytes that `tail` has read from it."""

    asked: int = 0

    def succeed(self, *commands: str, timeout: float | None = None) -> str:
        output = super().succeed(*commands, timeout=timeout)
        self.asked += len(output) if commands[0].startswith("tail") else 0
        return output


def tapped(machine: FakeMachine) -> Any:
    return Tap(cast(Machine, machine), TOKENS)


def test_what_came_is_known_and_stays_known() -> None:
    machine = FakeMachine((UPLINK,))
    with tapped(machine) as tap:
        assert tap.arrived() == set()
        machine.tunnel += b"hello nga0c0ffee0"
        assert tap.arrived() == {"nga0c0ffee0"}
        machine.tunnel += b"." * 3 * OVERLAP
        assert tap.arrived() == {"nga0c0ffee0"}
        machine.tunnel += b"hello nga0c0ffee1"
        assert tap.arrived() == {"nga0c0ffee0", "nga0c0ffee1"}


def test_a_token_that_is_written_in_two_parts_is_found() -> None:
    machine = FakeMachine((UPLINK,))
    with tapped(machine) as tap:
        machine.tunnel += b"." * 3 * OVERLAP + b"nga0c0"
        assert tap.arrived() == set()
        machine.tunnel += b"ffee0"
        assert tap.arrived() == {"nga0c0ffee0"}


def test_what_was_read_is_not_read_again() -> None:
    machine = Counting((UPLINK,))
    machine.tunnel = bytes(1 << 20)
    with tapped(machine) as tap:
        for _ in range(3):
            tap.arrived()
    assert machine.asked < 1.5 * (1 << 20)
