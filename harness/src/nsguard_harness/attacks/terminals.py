"""Terminals of the host's users: what is typed there, and what is shown."""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress
from pathlib import Path

from ..attack import Env, Outcome
from ._standins import WithStandins, marked

TERMINALS = Path("/dev/pts")
TYPED = b"typed at a terminal"  # by the person at the terminal, once the token is shown there


class Terminals(WithStandins):
    """Claim: the service neither writes to nor reads from a terminal of the host's, not even one of its own user's.

    Method: write the token to every terminal in /dev/pts, and read from each. A stand-in for the person who sits at it
    types a line for the token; that line is the success.
    Limitations: virtual consoles are devices of their own; see device-nodes.
    Source: pts(4), tty(4), devpts (kernel documentation).
    """

    name = "terminals"

    def run(self, env: Env) -> Outcome:
        faults, opened = [], {}
        for path in TERMINALS.glob("[0-9]*"):
            try:
                opened[os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)] = path
            except OSError as error:
                faults.append(f"{path}: {error.strerror}")
        try:
            for terminal in opened:
                with suppress(OSError):
                    os.write(terminal, f"{marked(env)}\n".encode())
            return _listen(opened, env.patience) or Outcome(
                False, ", ".join(faults) or f"{len(opened)} terminals answer nothing"
            )
        finally:
            for terminal in opened:
                os.close(terminal)


def _listen(opened: dict[int, Path], patience: float) -> Outcome | None:
    """What is typed at one of them meanwhile."""
    end = time.monotonic() + patience
    while (left := end - time.monotonic()) > 0:
        for terminal in select.select(list(opened), [], [], left)[0]:
            with suppress(OSError):
                if TYPED in os.read(terminal, 4096):
                    return Outcome(True, f"read at {opened[terminal]} what was typed")
    return None
