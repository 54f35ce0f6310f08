"""How long the tests of a run took and slept."""

from __future__ import annotations

import time

import pytest

import waits


def test_the_longest_come_first_and_the_sums_above_them() -> None:
    tests = {f"test_{number}": waits.Took(number, number / 2) for number in range(waits.SHOWN + 2)}
    printed = waits.lines(tests.items())
    assert printed[0] == "12 tests took 66 s together, and slept 33 s in all their threads"
    assert printed[1] == "  11.0 s,   5.5 s asleep: test_11"
    assert len(printed) == waits.SHOWN + 1


def test_what_a_test_sleeps_is_in_its_report(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    plugin = waits.Waits()
    plugin.pytest_sessionstart()
    time.sleep(3)
    time.sleep(0.5)
    plugin.pytest_sessionfinish()
    time.sleep(7)
    reports = [pytest.TestReport("test_it", ("", 0, ""), {}, "passed", None, "call") for _ in range(2)]
    for report in reports:
        made = plugin.pytest_runtest_makereport()
        next(made)
        with pytest.raises(StopIteration):
            made.send(report)
        plugin.pytest_runtest_logreport(report)
    assert slept == [3, 0.5, 7]
    assert plugin.tests == {"test_it": waits.Took(0, 3.5)}
