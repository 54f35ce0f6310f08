"""`make demo`: its counts agree with the attacks that it shows."""

from __future__ import annotations

import re

import pytest

from nsguard_harness.attacks import registry
from nsguard_harness.cli import main

pytestmark = pytest.mark.lab


def test_the_counts_that_it_says_are_those_of_the_rows_that_it_shows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["demo"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split()[0] for line in lines if line.split()[:1] and line.split()[0] in registry()]
    assert len(rows) == len(set(rows))
    matches = [re.search(r"(\d+) attacks in (\d+) attempts", line) for line in lines]
    heading, last = (tuple(map(int, match.groups())) for match in matches if match)
    # one more attack, in one attempt: a connection is held while the server is silent
    assert last == (heading[0] + 1, heading[1] + 1)
    assert len(rows) == last[0]
    verdicts = re.findall(r"(\d+) (?:contained|leaked|vacuous|in error|cannot apply)", lines[-1])
    assert sum(map(int, verdicts)) == last[1]
