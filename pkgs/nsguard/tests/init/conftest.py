"""Fixtures: nsguard-init, built under sanitizers."""

from pathlib import Path

import pytest

from box import Box
from in_front import build


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("init"))


@pytest.fixture
def init(box: Box, built: Path) -> str:
    """The path of nsguard-init in the box, where every user may run it."""
    box.out("install", "-m", "0755", str(built), "/run/nsguard-init")
    return "/run/nsguard-init"
