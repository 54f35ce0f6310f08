"""Waiting for what a test sees by itself, where no machine waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from nsguard_harness.machine import BUSY


def until(condition: Callable[[], Any], what: str = "it does not come true", timeout: float = 30) -> Any:
    """What a condition gives once it holds; fails by `what` after `BUSY` times so many seconds."""
    deadline = time.monotonic() + BUSY * timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
    return value
