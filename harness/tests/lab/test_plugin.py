"""The pytest plugin, used as by a developer of another guard, without Nix."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

THEIRS = """
def test_a_guard_that_works(client, observer):
    client.succeed("ip netns add guard")
    with observer.watch("tokenone") as watched:
        client.execute("ip netns exec guard ping -c1 -W1 -p 00 198.51.100.1")
    assert watched.leaks == ()


def test_a_guard_that_does_not(client, server, observer):
    with observer.watch("tokentwo") as watched:
        client.execute("getent hosts tokentwo.leak.test")
    assert watched.leaks[0].attack == "tokentwo", watched.leaks
    assert server.execute("true")[0] == 0


def test_what_was_seen_is_a_failure(client, observer):
    with observer.watch("tokenthree") as watched:
        client.execute("getent hosts tokenthree.leak.test")
    assert watched.leaks == ()
"""


def run(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    (directory / "test_theirs.py").write_text(THEIRS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=directory, check=False, capture_output=True, text=True)


@pytest.mark.lab
def test_a_leak_fails_their_test_and_no_other(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    assert "1 failed" in done.stdout
    assert "___ test_what_was_seen_is_a_failure ___" in done.stdout
    assert "attack='tokenthree'" in done.stdout


def test_a_scenario_that_is_not_there_is_an_error_in_one_line(tmp_path: Path) -> None:
    done = run(tmp_path, "--nsguard-lab", "balloon")
    assert done.returncode == 4
    assert "invalid choice: 'balloon'" in done.stderr
