"""Skips tests in virtual machines where QEMU is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

PROGRAMS = ("qemu-system-x86_64", "qemu-img", "mkfs.ext4")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests that can't run here, with the reason."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    skip = pytest.mark.skip(reason=f"no {', '.join(missing)}; `make deps-vm` installs them")
    for item in items if missing else ():
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(skip)
