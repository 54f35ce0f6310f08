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
    while f"pts/{number} " not in subprocess.run(SESSIONS, capture_output=True, text=True, check=True).stdout:
        time.sleep(STEP_SECONDS)
    # login(1) sets the terminal's mode after it has opened the session, and before it starts the shell.
    while not Path(f"/proc/{shell}/task/{shell}/children").read_text():
        time.sleep(STEP_SECONDS)
    os.chmod(f"/dev/pts/{number}", 0o666)  # so that a control is shown, whoever it runs as
    ready()
    uplink = socket.socket(type=socket.SOCK_DGRAM)
    uplink.connect((LAB.server.v4, LAB.echo_port))
    while shown := os.read(screen, 65536):
        if MARK.encode() in shown:
            uplink.send(shown)


if __name__ == "__main__":
    main()
