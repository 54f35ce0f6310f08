"""The host's end of a serial port on which a machine's resident agent answers (inside/resident.py has the protocol)."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from base64 import b64decode, b64encode
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import LabError
from ..machine import Completed

# beyond a request's own time, times the machine's pace
GRACE_SECONDS = 30.0


class Channel:
    """Requests of any thread, side by side. `boots` counts how often the agent has reported its start."""

    def __init__(self, name: str, path: Path, pace: float = 1.0) -> None:
        """name: for messages; path: the socket that the hypervisor listens on; pace: as a lab's. Raises LabError."""
        self.name, self._grace = name, GRACE_SECONDS * pace
        self.boots = 0
        self._numbers = itertools.count()
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._lock, self._sending = threading.Lock(), threading.Lock()
        self._news = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise LabError(f"{name}: cannot reach its serial port: {error.strerror}") from error
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def close(self) -> None:
        """Close the connection; requests that still wait for an answer raise LabError."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()

    def wait_for_boot(self, after: int, timeout: float) -> bool:
        """Whether `boots` exceeds `after` within `timeout` seconds."""
        with self._news:
            return self._news.wait_for(lambda: self.boots > after, timeout)

    def run(self, command: str, timeout: float | None, stdin: bytes = b"") -> Completed:
        """Run a command to its end."""
        answer = self._request({"run": command, "timeout": timeout, "stdin": b64encode(stdin).decode()}, timeout)
        output, errors = (b64decode(answer[key]).decode(errors="replace") for key in ("output", "errors"))
        return Completed(answer["status"], output, errors)

    def spawn(self, command: str) -> None:
        """Start a command and leave it running."""
        self._request({"spawn": command}, 0)

    def read(self, path: str) -> bytes:
        """The content of a file."""
        return b64decode(self._request({"read": path}, 0)["data"])

    def ask(self, path: str, line: bytes, timeout: float) -> bytes:
        """Send a line to a stream socket, and return the line that comes back."""
        request = {"ask": path, "line": b64encode(line).decode(), "timeout": timeout}
        return b64decode(self._request(request, timeout)["data"])

    def set_clock(self) -> None:
        """Set the machine's clock by the host's."""
        self._request({"clock": time.time()}, 0)

    def drop(self, why: str) -> None:
        """Fail all requests that wait, by LabError with `why`: the machine that would answer is gone."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            future.set_exception(LabError(f"{self.name}: {why}"))

    def _request(self, request: dict[str, Any], timeout: float | None) -> dict[str, Any]:
        number, future = next(self._numbers), Future[dict[str, Any]]()
        line = json.dumps({"id": number, **request}).encode() + b"\n"
        with self._lock:
            self._waiting[number] = future
        try:
            with self._sending:
                self._socket.sendall(line)
            answer = future.result(None if timeout is None else timeout + self._grace)
        except FutureTimeoutError:
            raise LabError(f"{self.name}: its agent does not answer") from None
        except OSError as error:
            raise LabError(f"{self.name}: its serial port is gone: {error.strerror}") from error
        finally:
            self._waiting.pop(number, None)
        if "error" in answer:
            raise LabError(f"{self.name}: {answer['error']}")
        return answer

    def _listen(self) -> None:
        with self._socket.makefile("rb") as stream:
            for line in stream:
                try:
                    message = json.loads(line)
                except ValueError:
                    continue  # cut, by a machine that was reset
                if "boot" in message:
                    with self._news:
                        self.boots += 1
                        self._news.notify_all()
                elif future := self._waiting.get(message.get("id", -1)):
                    future.set_result(message)
        self.drop("its serial port was closed")
