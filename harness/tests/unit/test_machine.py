"""How often a wait looks: at once, then ever more rarely, so that looking costs little of what is waited for."""

from __future__ import annotations

import time

import pytest

from nsguard_harness import machine


@pytest.mark.parametrize(
    ("seconds", "look", "most"),
    [(0.0, 0.0, 1), (0.2, 0.0, 12), (1.0, 0.0, 26), (30.0, 0.0, 150), (1.0, 0.2, 4), (30.0, 0.5, 44)],
)
def test_a_wait_looks_often_at_first_and_then_rarely(
    seconds: float, look: float, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """look: the seconds that each look takes."""
    now, looks = 100.0, 0

    def sleep(pause: float) -> None:
        nonlocal now
        assert pause <= machine.LONGEST_PAUSE
        now += pause

    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "sleep", sleep)
    for _ in machine.looks():
        looks += 1
        came_true = now >= 100 + seconds
        now += look
        if came_true:
            break
    assert most / 2 <= looks <= most
    assert now - 100 - seconds <= max(machine.SHORTEST_PAUSE, seconds / 8) + 3 * look
