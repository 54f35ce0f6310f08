"""Fixtures: boxes with the real kernel, and with either implementation of WireGuard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from box import Box, available

# Slowness on a busy machine is not a failure.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
# Where a package is built. What that tests are its declared inputs and the sandbox; `make test` tries all examples.
settings.register_profile("build", settings.get_profile("untimed"), max_examples=10)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A box whose kernel has no WireGuard. Afterwards it is removed with everything in it."""
    if reason := available():
        pytest.skip(f"NO REAL KERNEL TESTS: {reason}")
    made = Box(tmp_path)
    yield made
    made.close()


@pytest.fixture
def boxes(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Box]]:
    """Two boxes to use in parallel; more would not be faster."""
    second = Box(tmp_path_factory.mktemp("second"))
    yield [box, second]
    second.close()


@pytest.fixture(params=["kernel", "userspace"])
def any_box(box: Box, request: pytest.FixtureRequest) -> Box:
    """A box, once for each implementation of WireGuard."""
    if request.param == "kernel":
        box.kernel_wireguard()
    return box


@pytest.fixture
def any_boxes(any_box: Box, boxes: list[Box]) -> list[Box]:
    """Boxes, once for each implementation of WireGuard."""
    if any_box.kernel:
        boxes[1].kernel_wireguard()
    return boxes
