"""Where a run of the tests waits: the seconds that its tests took and slept, and the longest of them."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass

import pytest

# Seconds of a run from which on its waits are shown, and how many of its tests.
LEAST, SHOWN = 60.0, 10


@dataclass
class Took:
    """Seconds that a test took, set-up and taking down included, and how many of them this process was asleep."""

    seconds: float = 0.0
    asleep: float = 0.0


class Waits:
    """A plugin of pytest. What threads sleep is counted as well, so that a test may sleep longer than it takes."""

    def __init__(self) -> None:
        self.tests: dict[str, Took] = {}
        self._asleep = 0.0
        self._sleep = time.sleep

    def pytest_sessionstart(self) -> None:
        time.sleep = self._counted  # type: ignore[assignment]

    def pytest_sessionfinish(self) -> None:
        time.sleep = self._sleep

    def _counted(self, seconds: float) -> None:
        self._asleep += seconds
        self._sleep(seconds)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add what was slept to the report, with which it comes from a worker to the process that prints."""
        report = yield
        report.__dict__["asleep"], self._asleep = self._asleep, 0.0
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = self.tests.setdefault(report.nodeid, Took())
        test.seconds += report.duration
        test.asleep += report.__dict__.get("asleep", 0.0)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if sum(test.seconds for test in self.tests.values()) >= LEAST:
            terminalreporter.section("waits")
            terminalreporter.write("".join(f"{line}\n" for line in lines(self.tests.items())))


def lines(tests: Iterable[tuple[str, Took]]) -> list[str]:
    """The sums, and the longest tests, each with its seconds."""
    longest = sorted(tests, key=lambda test: -test[1].seconds)
    seconds, asleep = (sum(getattr(test, what) for _, test in longest) for what in ("seconds", "asleep"))
    return [
        f"{len(longest)} tests took {seconds:.0f} s together, and slept {asleep:.0f} s in all their threads",
        *(f"{test.seconds:6.1f} s, {test.asleep:5.1f} s asleep: {name}" for name, test in longest[:SHOWN]),
    ]
