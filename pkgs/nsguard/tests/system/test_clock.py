"""Waits that include the time during which the machine sleeps."""

import time

import pytest

from nsguard.system import clock


@pytest.mark.parametrize(
    ("asleep", "calls"),
    [
        (0, [105, 110, 112]),
        # asleep during the second step
        (3600, [105, 3710]),
    ],
)
def test_a_wait_does_something_meanwhile_and_counts_the_sleep(
    monkeypatch: pytest.MonkeyPatch, asleep: float, calls: list[float]
) -> None:
    now = {"boot": 100.0}
    called: list[float] = []

    def sleep(seconds: float) -> None:
        now["boot"] += seconds + (asleep if len(called) == 1 else 0)

    monkeypatch.setattr(clock, "since_boot", lambda: now["boot"])
    monkeypatch.setattr(time, "sleep", sleep)
    clock.wait(12, 5, lambda: called.append(now["boot"]))
    assert called == calls
