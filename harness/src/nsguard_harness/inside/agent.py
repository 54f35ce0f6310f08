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
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from .. import attacks
from ..addresses import LAB
from ..attack import CannotApplyError, Env
from .notify import ready

ANSWER_SECONDS = 10.0
# a line that is no request, or a child that cannot be made
NO_ATTEMPT = (ValueError, KeyError, TypeError, OSError, ImportError)


def attempt(request: dict[str, Any]) -> dict[str, Any]:
    """Run an attack in this process; what it raises becomes part of the answer."""
    try:
        attack = attacks.find(request["attack"], request["module"])()
        parameters = request["parameters"]
        addresses = LAB.changed(parameters.get("addresses", {}))
        env = Env(request["token"], request["family"], request["timeout"], parameters, addresses)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    try:
        outcome = attack.run(env)
    except CannotApplyError as error:
        return {"reached": False, "said": str(error), "lacks": str(error), "lacking": error.lacking}
    except Exception as error:
        return {"reached": False, "said": f"{type(error).__name__}: {error}"}
    return outcome._asdict()


@cache
def import_attacks(module: str) -> None:
    """Import the attacks of a module: once, not in every child. An agent that is asked for a few needs few of them."""
    attacks.of_module(module)
    gc.freeze()  # a collection in a child would touch, and so copy, all of it


class Attempt:
    """An attack in a child process, until its deadline; select(2) takes it for the pipe that the child answers by.

    Raises ValueError, KeyError, TypeError or ImportError for a line that is not a request, OSError where no child can
    be made.
    """

    def __init__(self, line: str | bytes) -> None:
        request = json.loads(line)
        import_attacks(request["module"])
        self._limit = float(request["limit"])
        self.deadline = time.monotonic() + self._limit
        self._reader, writer = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            os.setpgid(0, 0)
            # the attack has what a service has, and not the agent's connections, which the lab made on the host
            os.closerange(3, writer)
            os.closerange(writer + 1, os.sysconf("SC_OPEN_MAX"))
            os.write(writer, json.dumps(attempt(request)).encode() + b"\n")
            os._exit(0)
        os.close(writer)
        self._said = b""

    def fileno(self) -> int:
        """The descriptor that the child's answer is read from."""
        return self._reader

    def over(self) -> bool:
        """Read what the child has written; whether the answer is complete."""
        chunk = os.read(self._reader, 65536)
        self._said += chunk
        # a process that the attack left behind may hold the pipe open: a whole answer is enough
        return not chunk or b"\n" in self._said

    def end(self) -> bytes:
        """Kill the attack's processes; returns the line of JSON that answers the request."""
        for target in (-self._child, self._child):  # the group, and the child should it not have made it yet
            try:
                os.kill(target, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        with contextlib.suppress(ChildProcessError):  # it ended before, and `bury` waited for it
            os.waitpid(self._child, 0)
        os.close(self._reader)
        answer, whole, _ = self._said.partition(b"\n")
        if whole:
            return answer + whole
        late = time.monotonic() >= self.deadline
        report = f"no end in {self._limit:g} s" if late else "the attacking process was killed"
        return json.dumps({"reached": False, "said": report}).encode() + b"\n"


def refused(error: Exception) -> bytes:
    """The line of JSON that answers a request that could not be started."""
    return json.dumps({"error": f"no attempt: {type(error).__name__}: {error}"}).encode() + b"\n"


def answered(line: str) -> bytes:
    """Run a request to its end; returns the line of JSON that answers it."""
    try:
        running = Attempt(line)
    except NO_ATTEMPT as error:
        return refused(error)
    while (left := running.deadline - time.monotonic()) > 0:
        if select.select([running], [], [], left)[0] and running.over():
            break
    return running.end()


def serve_lines() -> None:
    """Answer each request on standard input until that ends; attacks write to standard error in place of output."""
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
        ready = select.select(sources, [], [], left)[0]
        bury()
        for source in ready:
            if isinstance(source, Attempt):
                if source.over():
                    self._answer(self._running.pop(source), source.end())
            elif source is self._listener:
                self._asking[source.accept()[0]] = b""
            else:
                self._hear(source)
        for late in [attempt for attempt in self._running if attempt.deadline <= time.monotonic()]:
            self._answer(self._running.pop(late), late.end())

    def _hear(self, connection: socket.socket) -> None:
        chunk = b""
        with contextlib.suppress(OSError):
            chunk = connection.recv(65536)
        line = self._asking.pop(connection) + chunk
        if chunk and not line.endswith(b"\n"):
            self._asking[connection] = line
            return
        try:
            self._running[Attempt(line)] = connection
        except NO_ATTEMPT as error:
            self._answer(connection, refused(error))

    def _answer(self, connection: socket.socket, line: bytes) -> None:
        with connection, contextlib.suppress(OSError):  # the client may have gone
            connection.settimeout(ANSWER_SECONDS)
            connection.sendall(line)


def main(path: Path) -> None:
    """Serve until killed."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
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
    main(Path(sys.argv[1]))
