"""Labs for the tests of a whole file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nsguard_harness import scenario
from nsguard_harness.errors import LabError
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.image import Recipe, image
from nsguard_harness.target import wait_for_tunnel


def lab_of(path: Path, *, connected: bool = True, commands: str = "") -> Any:
    """A fixture for the tests of a file: a lab whose client runs a scenario.

    `connected`: the tunnel is up before the first test. `commands`: a shell text that root then runs on the client.
    """

    @pytest.fixture(scope="module")
    def lab() -> Iterator[ContainerLab]:
        with ContainerLab() as lab:
            scenario.apply(lab.client, path)
            if connected:
                wait_for_tunnel(lab)
            lab.client.succeed(commands)
            yield lab

    return lab


def image_or_skip(recipe: Recipe, what: str) -> Path:
    """The tree of an image that has `what`; where none can be made, the test is skipped and says so."""
    try:
        return image(recipe)
    except LabError as error:
        pytest.skip(f"no image with {what} can be made, so NOTHING is shown of one: {error}")
