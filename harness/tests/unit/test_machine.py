"""How often a wait looks: at once, then ever more rarely, so that looking costs little of what is waited for."""

from __future__ import annotations

import time
from itertools import takewhile

import pytest

from nsguard_harness import machine


@pytest.mark.parametrize(("seconds", "most"), [(0.0, 1), (0.2, 12), (1.0, 26), (30.0, 150)])
def test_a_wait_looks_often_at_first_and_then_rarely(
    seconds: float, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0

    def sleep(pause: float) -> None:
        nonlocal now
        assert pause <= machine.LONGEST_PAUSE
        now += pause

    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "sleep", sleep)
    looks = sum(1 for _ in takewhile(lambda _: now < 100 + seconds, machine.looks()))
    assert most / 2 <= looks + 1 <= most
    late = now - 100 - seconds
    assert late <= max(machine.SHORTEST_PAUSE, seconds / 8)
