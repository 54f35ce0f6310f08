"""The agent that runs a machine which can be reached by a serial port alone. It imports nothing of the project.

usage: python3 resident.py PORT

A line of JSON for each request and for each answer, in any order:
  {"id": n, "run": command, "timeout": seconds or null, "stdin": base64} → {"id": n, "status", "output", "errors"}
  {"id": n, "spawn": command}                                            → {"id": n}
  {"id": n, "read": path}                                                → {"id": n, "data": base64}
  {"id": n, "ask": path, "line": base64, "timeout": seconds}             → {"id": n, "data": base64}
  {"id": n, "clock": seconds since the epoch}                            → {"id": n}
and {"id": n, "error": text} for what fails. It says {"boot": id} when it starts. Streams are base64, too.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

SHELL = ("bash", "-euo", "pipefail", "-c")


class Resident:
    """Answers requests, each in a thread of its own."""

    def __init__(self, port: int) -> None:
        """port: a descriptor to read from and to write to."""
        self._port, self._lock = port, threading.Lock()

    def say(self, message: dict[str, Any]) -> None:
        """Write one line, whole."""
        data = memoryview(json.dumps(message).encode() + b"\n")
        with self._lock:
            while data:
                data = data[os.write(self._port, data) :]

    def serve(self) -> None:
        """Answer until the port ends, which is while nobody holds its other end."""
        begun: list[bytes] = []  # of a line, which comes in many pieces where files are laid out
        while True:
            chunk = os.read(self._port, 1 << 16)
            if not chunk:
                time.sleep(0.05)
                continue
            *ends, rest = chunk.split(b"\n")
            for end in ends:
                line, begun = b"".join([*begun, end]), []
                threading.Thread(target=self._answer, args=(line,), daemon=True).start()
            begun.append(rest)

    def _answer(self, line: bytes) -> None:
        try:
            request = json.loads(line)
            number = request["id"]
        except (ValueError, KeyError, TypeError):
            return  # the rest of what was written to a machine that is gone
        try:
            self.say({"id": number, **self._do(request)})
        except Exception as error:
            self.say({"id": number, "error": f"{type(error).__name__}: {error}"})

    def _do(self, request: dict[str, Any]) -> dict[str, Any]:
        if "run" in request:
            return _run(request["run"], request["timeout"], b64decode(request["stdin"]))
        if "spawn" in request:
            nowhere = subprocess.DEVNULL
            child = subprocess.Popen(
                [*SHELL, request["spawn"]], stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
            )
            threading.Thread(target=child.wait, daemon=True).start()
            return {}
        if "read" in request:
            return {"data": b64encode(Path(request["read"]).read_bytes()).decode()}
        if "ask" in request:
            return {"data": b64encode(_ask(request["ask"], b64decode(request["line"]), request["timeout"])).decode()}
        if "clock" in request:
            time.clock_settime(time.CLOCK_REALTIME, request["clock"])
            return {}
        raise ValueError(f"unknown request: {sorted(request)}")


def _run(command: str, timeout: float | None, stdin: bytes) -> dict[str, Any]:
    child = subprocess.Popen(
        [*SHELL, command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        output, errors = child.communicate(stdin, timeout)
        status = child.returncode if child.returncode >= 0 else 128 - child.returncode
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        output, errors = child.communicate()
        status = 124  # timeout(1)
    return {"status": status, "output": b64encode(output).decode(), "errors": b64encode(errors).decode()}


def _ask(path: str, line: bytes, timeout: float) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, connection.makefile("rwb") as stream:
        connection.settimeout(timeout)
        connection.connect(path)
        stream.write(line + b"\n")
        stream.flush()
        return stream.readline()


def main(port: str) -> None:
    """Serve on a port, for ever."""
    resident = Resident(os.open(port, os.O_RDWR | os.O_CLOEXEC))
    resident.say({"boot": Path("/proc/sys/kernel/random/boot_id").read_text().strip()})
    resident.serve()


if __name__ == "__main__":
    main(sys.argv[1])
