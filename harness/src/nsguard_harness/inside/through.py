"""An agent that is a new command for each request, as a person would start it.

usage: python3 -m nsguard_harness.inside.through SOCKET COMMAND…

Each connection becomes standard input and output of a command, which is an agent that answers one request.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

from .notify import ready


def main(path: Path, command: list[str]) -> None:
    """Serve until killed."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen(64)
        ready()
        while True:
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    for stream in (0, 1):
                        os.dup2(connection.fileno(), stream)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    os.execvp(command[0], command)


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    main(Path(sys.argv[1]), sys.argv[2:])
