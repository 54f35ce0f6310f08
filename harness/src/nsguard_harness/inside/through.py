"""An agent whose attacks run in a command, as a person would start it.

usage: python3 -m nsguard_harness.inside.through SOCKET COMMAND…

The command is an agent that answers requests on its standard input and output, one after the other. As many run as
there are requests side by side.
"""

from __future__ import annotations

import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from .notify import ready


class Commands:
    """Starts the command as often as requests come side by side; one without a request waits for the next."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._idle: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()

    def answer(self, line: bytes) -> bytes:
        """The line that a command answers; empty if the command ended instead."""
        try:
            # one that ended while it was idle has not got the request
            while (running := self._idle.get_nowait()).poll() is not None:
                pass
        except queue.Empty:
            running = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self._ask(running, line)

    def _ask(self, running: subprocess.Popen[bytes], line: bytes) -> bytes:
        assert running.stdin is not None
        assert running.stdout is not None
        try:
            running.stdin.write(line)
            running.stdin.flush()
            answer = running.stdout.readline()
        except OSError:
            answer = b""
        if answer:
            self._idle.put(running)
        else:
            running.kill()
            running.wait()
        return answer


def serve(connection: socket.socket, commands: Commands) -> None:
    """Answer one request."""
    with connection, connection.makefile("rwb") as stream:
        stream.write(commands.answer(stream.readline()))


def main(path: Path, command: Sequence[str]) -> None:
    """Serve until killed."""
    path.unlink(missing_ok=True)
    commands = Commands(command)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen(64)
        ready()
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection, commands), daemon=True).start()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
