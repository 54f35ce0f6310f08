"""An attack that is disturbed goes on until the disturbance is over."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from nsguard_harness.attack import Disturbance, Env


def attack(connection: Connection, seconds: float) -> None:
    """Begin on a message; send the number of each moment, and a word at the end."""
    disturbance = Disturbance(Env("ngfakex000", parameters={"disturbed": not seconds}))
    connection.send("ready")
    connection.recv()
    for number, _ in enumerate(disturbance.moments(seconds, 0.01)):
        connection.send(number)
    connection.send("end")


@pytest.fixture
def pipe() -> Iterator[tuple[Connection, Connection]]:
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs:
        yield ours, theirs


def test_it_goes_on_until_its_disturbance_is_over(pipe: tuple[Connection, Connection]) -> None:
    ours, theirs = pipe
    process = multiprocessing.get_context("fork").Process(target=attack, args=(theirs, 0.0))
    process.start()
    assert process.pid
    assert ours.recv() == "ready"
    assert Path(f"/proc/{process.pid}/comm").read_text() == "ngfakex000\n"
    ours.send("begin")
    assert [ours.recv() for _ in range(20)] == list(range(20))  # undisturbed, its 0 seconds would have no moments
    os.kill(process.pid, signal.SIGUSR1)
    while ours.recv() != "end":
        pass
    process.join()
    assert process.exitcode == 0


def test_one_that_nobody_disturbs_ends_by_itself(pipe: tuple[Connection, Connection]) -> None:
    ours, theirs = pipe
    process = multiprocessing.get_context("fork").Process(target=attack, args=(theirs, 0.05))
    process.start()
    ours.send("begin")
    assert [ours.recv() for _ in range(7)] == ["ready", 0, 1, 2, 3, 4, "end"]
    process.join()
