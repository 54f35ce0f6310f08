"""The time since boot, including the machine's sleep: leases that others grant also expire while it sleeps."""

import time
from collections.abc import Callable

# Seconds. time.sleep(3) does not count the machine's sleep, so a long wait is made of short ones.
_STEP = 30.0


def since_boot() -> float:
    """Seconds since the machine was booted, including the time it was asleep."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def wait(seconds: float, step: float = _STEP, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Wait `seconds`. If the machine sleeps meanwhile, the wait may last up to `step` seconds longer.

    `meanwhile` is called after each `step`.
    """
    end = since_boot() + seconds
    while (left := end - since_boot()) > 0:
        time.sleep(min(left, step))
        meanwhile()
