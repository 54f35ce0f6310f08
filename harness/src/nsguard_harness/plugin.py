"""A plugin for pytest: a lab, its machines and an observer, for leak tests of guards without Nix.

    def test_nothing_leaves(client, observer):
        client.succeed("my-guard up")
        with observer.watch() as watched:
            client.execute("my-guard run curl http://198.51.100.1")
        assert watched.leaks == ()

Options: --nsguard-lab says what the machines are, --nsguard-scenario which services the client starts with.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .lab.kinds import KINDS

# Slow imports are in the functions that need them: every run of pytest loads each installed plugin.
if TYPE_CHECKING:
    from .capture import Frame
    from .lab.base import Lab
    from .machine import Machine
    from .verdict.judge import Judgement, Leak


@dataclass
class Watched:
    """What left the client while it was watched; set when the block has ended."""

    frames: tuple[Frame, ...] = ()
    judgement: Judgement | None = None

    @property
    def leaks(self) -> tuple[Leak, ...]:
        """Every frame that no rule allows. Raises LabError while it is still watched."""
        from .errors import LabError

        if self.judgement is None:
            raise LabError("observer: look at the leaks after the block that is watched")
        return self.judgement.leaks


class Observer:
    """Sees every frame of the client's uplinks, outside it."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    @contextmanager
    def watch(self, *tokens: str) -> Iterator[Watched]:
        """Watch while the body runs. tokens: texts that make a frame with one in clear a leak, which names it.

        Raises LabError when frames were lost: then nothing is proved.
        """
        from .errors import LabError
        from .run.world import Observed
        from .verdict.judge import judge
        from .verdict.tokens import Tokens

        watched, observed = Watched(), Observed(self._lab)
        with self._lab.capture(self._lab.client) as capture:
            yield watched
            observed.look()
        if capture.dropped:
            raise LabError(f"capture: lost {capture.dropped} frames; nothing was shown")
        watched.frames = tuple(capture.frames)
        watched.judgement = judge(capture.frames, observed.world, Tokens({token: token for token in tokens}))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's options to pytest's."""
    group = parser.getgroup("nsguard", "leak tests")
    group.addoption("--nsguard-lab", choices=KINDS, default="container", help="what the lab's machines are")
    group.addoption("--nsguard-scenario", type=Path, metavar="FILE", help="a Nix file: services that the client starts")


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab that is up, for the whole session; skipped where there is no root to make one."""
    from . import scenario
    from .lab.kinds import make

    if os.geteuid() != 0:
        pytest.skip("a lab needs root: its machines are made of namespaces and mounts")
    with make(request.config.getoption("--nsguard-lab")) as made:
        if scenario_file := request.config.getoption("--nsguard-scenario"):
            scenario.apply(made.client, scenario_file)
        yield made


@pytest.fixture
def client(lab: Lab) -> Machine:
    """The machine that confines."""
    return lab.client


@pytest.fixture
def server(lab: Lab) -> Machine:
    """The machine that plays the network around the client: gateway, resolver, WireGuard's other end."""
    return lab.server


@pytest.fixture
def observer(lab: Lab) -> Observer:
    """An observer of every frame that leaves the client."""
    return Observer(lab)
