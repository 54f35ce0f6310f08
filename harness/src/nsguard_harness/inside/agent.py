"""Runs attacks where it stands: as a service, confined or not.

usage: python3 -m nsguard_harness.inside.agent SOCKET|-

With - it answers one request, on standard input and output.
One connection, one request, one line of JSON each way:
  {"attack": name, "token": text, "family": 4|6|0, "timeout": seconds, "parameters": {…}}
  {"reached": bool, "said": text, "lacks": text, "lacking": who|null}  or  {"error": text}
`parameters` may hold `addresses`, for others than the lab's.
Each attack runs in a process group of its own, which is killed when its time is over.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from .. import attacks
from ..addresses import LAB
from ..attack import CannotApplyError, Env
from .notify import ready

REQUEST_SECONDS = 10.0


def attempt(request: dict[str, Any]) -> dict[str, Any]:
    """Run an attack here and now; what it raises is told, not raised."""
    try:
        attack = attacks.find(request["attack"])()
        given = request["parameters"]
        at = LAB.changed(given.get("addresses", {}))
        env = Env(request["token"], request["family"], request["timeout"], given, at)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    try:
        outcome = attack.run(env)
    except CannotApplyError as error:
        return {"reached": False, "said": str(error), "lacks": str(error), "lacking": error.lacking}
    except Exception as error:
        return {"reached": False, "said": f"{type(error).__name__}: {error}"}
    return asdict(outcome)


def supervise(request: dict[str, Any]) -> dict[str, Any]:
    """Run an attack in a child, for no longer than its time."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        # the attack has what a service has, and not the agent's connection, which the lab made on the host
        os.closerange(3, writer)
        os.closerange(writer + 1, os.sysconf("SC_OPEN_MAX"))
        os.write(writer, json.dumps(attempt(request)).encode())
        os._exit(0)
    os.close(writer)
    answer = _read(reader, time.monotonic() + request["timeout"])
    os.close(reader)
    for target in (-child, child):  # the group, and the child should it not have made it yet
        try:
            os.kill(target, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
    os.waitpid(child, 0)
    if answer is None:
        return {"reached": False, "said": f"no end in {request['timeout']:g} s"}
    if not answer:
        return {"reached": False, "said": "the attacking process was killed"}
    result: dict[str, Any] = json.loads(answer)
    return result


def _read(reader: int, deadline: float) -> bytes | None:
    """Everything up to the end of a pipe; None when the deadline comes first."""
    data = b""
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([reader], [], [], left)[0]:
            break
        chunk = os.read(reader, 65536)
        data += chunk
        # a process that the attack left behind may hold the pipe open: a whole answer is enough
        if not chunk or data.endswith(b"}"):
            return data
    return None


def answered(line: str | bytes) -> bytes:
    """The line of JSON that answers a request."""
    try:
        answer = supervise(json.loads(line))
    except (ValueError, KeyError, TypeError) as error:
        answer = {"error": f"bad request: {type(error).__name__}: {error}"}
    return json.dumps(answer).encode() + b"\n"


def serve(connection: socket.socket) -> None:
    """Answer one request."""
    connection.settimeout(REQUEST_SECONDS)
    with connection, connection.makefile("rwb") as stream:
        stream.write(answered(stream.readline()))


def serve_once() -> None:
    """Answer the one request on standard input; nothing else gets to write on standard output."""
    output = os.dup(1)
    os.dup2(2, 1)
    os.write(output, answered(sys.stdin.readline()))


def main(path: Path) -> None:
    """Serve until killed, every request in a process of its own."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen(64)
        ready()
        while True:
            connection, _ = listener.accept()
            attacks.registry()  # imported here once, not in every child, and not where nobody asks
            with connection:
                if os.fork() == 0:
                    listener.close()
                    # its own children are waited for, unlike those of the listener
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    try:
                        serve(connection)
                    finally:
                        os._exit(0)


def stop(number: int, _: FrameType | None) -> None:
    """End in order: a confined service is its own init, which a signal without a handler passes by."""
    sys.exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    if sys.argv[1] == "-":
        serve_once()
        sys.exit()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    main(Path(sys.argv[1]))
