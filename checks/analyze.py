"""systemd's own reading of unit files, by systemd-analyze."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest


def needs_systemd(what: str) -> pytest.MarkDecorator:
    """Skip a test that compares `what` with systemd's where systemd-analyze is missing."""
    return pytest.mark.skipif(
        shutil.which("systemd-analyze") is None,
        reason=f"systemd-analyze is not installed: {what} is NOT compared with systemd's",
    )


def warnings_of(directory: Path, units: Iterable[str]) -> str:
    """The lines that systemd writes when it reads units of a directory, by name: what it does not understand."""
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(directory / unit) for unit in units)],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{directory}:"},
    )
    return done.stderr
