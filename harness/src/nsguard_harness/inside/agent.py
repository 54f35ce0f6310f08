"""Runs attacks as the service that it is, confined or not.

usage: python3 -m nsguard_harness.inside.agent SOCKET|-

One connection, one request, one line of JSON each way; with - one request after the other, on standard input and
output:
  {"attack": name, "module": the name of its module, "token": text, "family": 4|6|0, "timeout": seconds,
   "limit": seconds, "parameters": {…}}
  {"reached": bool, "said": text, "lacks": text, "lacking": who|null}  or  {"error": text}
`parameters` may hold `addresses`, for others than the lab's.
`timeout` is for the attack, which may wait so long for what it starts. It runs in a process group of its own, which is
killed after `limit`.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time

from .notify import ready

# As typing has it, which would be an eighth of what a start loads.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from .attempt import Attempt

ANSWER_SECONDS = 10.0
# the answer to an empty line, with which the other end asks whether the agent runs
NO_REQUEST = b'{"error": "no attempt: an empty line"}\n'


def serve_lines() -> None:
    """Answer each request on standard input until that ends; attacks write to standard error in place of output."""
    from .attempt import answered

    output = os.dup(1)
    os.dup2(2, 1)
    for line in sys.stdin:
        os.write(output, answered(line))
        bury()


def bury() -> None:
    """Wait for children that have ended: a confined service is its own init, and inherits its children's children."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


class Server:
    """Answers requests side by side, each by a child of this process: it has one connection for each."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._asking: dict[socket.socket, bytes] = {}
        self._running: dict[Attempt, socket.socket] = {}

    def turn(self) -> None:
        """Wait for requests, answers and deadlines, and handle those that are due."""
        until = min((attempt.deadline for attempt in self._running), default=None)
        left = None if until is None else max(0.0, until - time.monotonic())
        sources: list[socket.socket | Attempt] = [self._listener, *self._asking, *self._running]
        readable = set(select.select(sources, [], [], left)[0])
        bury()
        for attempt in [attempt for attempt in self._running if attempt in readable and attempt.over()]:
            self._answer(self._running.pop(attempt), attempt.end())
        for connection in [connection for connection in self._asking if connection in readable]:
            self._hear(connection)
        if self._listener in readable:
            self._asking[self._listener.accept()[0]] = b""
        for late in [attempt for attempt in self._running if attempt.deadline <= time.monotonic()]:
            self._answer(self._running.pop(late), late.end())

    def _hear(self, connection: socket.socket) -> None:
        chunk = b""
        with contextlib.suppress(OSError):
            chunk = connection.recv(65536)
        line = self._asking.pop(connection) + chunk
        if chunk and not line.endswith(b"\n"):
            self._asking[connection] = line
        elif line.strip():
            self._attempt(connection, line)
        else:
            self._answer(connection, NO_REQUEST)

    def _attempt(self, connection: socket.socket, line: bytes) -> None:
        from . import attempt

        try:
            self._running[attempt.Attempt(line)] = connection
        except attempt.NO_ATTEMPT as error:
            self._answer(connection, attempt.refused(error))

    def _answer(self, connection: socket.socket, line: bytes) -> None:
        with connection, contextlib.suppress(OSError):  # the client may have gone
            connection.settimeout(ANSWER_SECONDS)
            connection.sendall(line)


def main(path: str) -> None:
    """Serve until killed."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen(64)
        ready()
        server = Server(listener)
        while True:
            server.turn()


def stop(number: int, _: FrameType | None) -> None:
    """Exit on SIGTERM: a confined service is its own init, which ignores signals without a handler."""
    sys.exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    if sys.argv[1] == "-":
        serve_lines()
        sys.exit()
    main(sys.argv[1])
