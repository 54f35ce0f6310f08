"""Waiting for a condition that the test itself evaluates, not a command in a machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from nsguard_harness.machine import BUSY, looks


def until(condition: Callable[[], Any], what: str = "it does not come true", timeout: float = 30) -> Any:
    """The first true value of a condition; fails with `what` after `BUSY` times `timeout` seconds."""
    deadline = time.monotonic() + BUSY * timeout
    for _ in looks():
        if value := condition():
            return value
        assert time.monotonic() < deadline, what
    raise AssertionError("a wait has no last look")
