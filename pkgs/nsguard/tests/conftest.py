"""Fixtures: a box with the real kernel in it, with either way to WireGuard."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from box import Box, available


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A box whose kernel has no WireGuard; gone with all in it afterwards."""
    if reason := available():
        pytest.skip(f"NO REAL KERNEL TESTS: {reason}")
    made = Box(tmp_path)
    yield made
    made.close()


@pytest.fixture(params=["kernel", "userspace"])
def any_box(box: Box, request: pytest.FixtureRequest) -> Box:
    """A box for each way to WireGuard."""
    if request.param == "kernel":
        box.kernel_wireguard()
    return box
