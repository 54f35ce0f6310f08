"""Fixtures: boxes with the real kernel in them, with either way to WireGuard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from box import Box, available

# What a busy machine takes long for is no failure.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A box whose kernel has no WireGuard; gone with all in it afterwards."""
    if reason := available():
        pytest.skip(f"NO REAL KERNEL TESTS: {reason}")
    made = Box(tmp_path)
    yield made
    made.close()


@pytest.fixture
def boxes(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Box]]:
    """As many boxes as are worth while side by side."""
    second = Box(tmp_path_factory.mktemp("second"))
    yield [box, second]
    second.close()


@pytest.fixture(params=["kernel", "userspace"])
def any_box(box: Box, request: pytest.FixtureRequest) -> Box:
    """A box for each way to WireGuard."""
    if request.param == "kernel":
        box.kernel_wireguard()
    return box


@pytest.fixture
def any_boxes(any_box: Box, boxes: list[Box]) -> list[Box]:
    """Boxes for each way to WireGuard."""
    if any_box.kernel:
        boxes[1].kernel_wireguard()
    return boxes
