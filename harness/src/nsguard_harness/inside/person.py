"""Somebody who is logged in at a terminal of the machine, and sends what it shows of a token to the uplink's network.

usage: python3 -m nsguard_harness.inside.person DIRECTORY

DIRECTORY does not matter; it tells one such person from another.
"""

from __future__ import annotations

import fcntl
import os
import pty
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from ..addresses import LAB
from ..attacks._standins import MARK
from .notify import ready

# The session is there once its manager knows the terminal (loginctl(1)).
SESSIONS = ("loginctl", "list-sessions", "--no-legend")
STEP_SECONDS = 0.1
# The number of the terminal that belongs to the open end (ioctl_tty(2)).
TIOCGPTN = 0x80045430


def main() -> None:
    """Log in as root, and look at the terminal, to which everybody may write. The session ends with this process."""
    shell, screen = pty.fork()
    if not shell:
        os.execvp("login", ["login", "-f", "root"])
    number = struct.unpack("I", fcntl.ioctl(screen, TIOCGPTN, bytes(4)))[0]
    sessions = partial(subprocess.run, SESSIONS, capture_output=True, text=True, check=True)
    _until(lambda: f"pts/{number} " in sessions().stdout, shell, screen)
    # login(1) sets the terminal's mode after it has opened the session, and before it starts the shell.
    _until(lambda: bool(Path(f"/proc/{shell}/task/{shell}/children").read_text()), shell, screen)
    os.chmod(f"/dev/pts/{number}", 0o666)  # so that a control is shown, whoever it runs as
    ready()
    uplink = socket.socket(type=socket.SOCK_DGRAM)
    uplink.connect((LAB.server.v4, LAB.echo_port))
    while shown := os.read(screen, 65536):
        if MARK.encode() in shown:
            uplink.send(shown)


def _until(holds: Callable[[], bool], login: int, screen: int) -> None:
    """Return once it holds. Where login(1) has ended before, end this program with what it showed."""
    while not holds():
        if os.waitpid(login, os.WNOHANG) != (0, 0):
            shown = b""
            with suppress(OSError):  # nothing was shown
                shown = os.read(screen, 4096)
            raise SystemExit(f"root cannot log in at a terminal: {' '.join(shown.decode(errors='replace').split())}")
        time.sleep(STEP_SECONDS)


if __name__ == "__main__":
    main()
