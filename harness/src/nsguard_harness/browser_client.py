"""The host's end of a browser that runs in a machine (inside/browser.py holds the other)."""

from __future__ import annotations

import json
import socket
import time
from types import TracebackType
from typing import Any, Self

from .errors import AgentError
from .lab.nspawn import ContainerMachine


class Browser:
    """One page of a browser, by the Chrome DevTools protocol. Times are in seconds."""

    def __init__(self, machine: ContainerMachine, path: str, timeout: float = 30) -> None:
        self._machine, self._path, self._timeout = machine, path, timeout
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        deadline = time.monotonic() + self._timeout
        while True:
            self._stream = socket.socket(socket.AF_UNIX)
            self._stream.settimeout(self._timeout)
            try:
                self._stream.connect(str(self._machine.path(self._path)))
                break
            except OSError as error:
                self._stream.close()
                if time.monotonic() > deadline:
                    raise AgentError(f"browser {self._machine.name}:{self._path}: {error.strerror or error}") from error
                time.sleep(0.05)
        self._lines = self._stream.makefile("rb")
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._stream.close()

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method; returns its result. Raises AgentError with the browser's error, or without an answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._stream.sendall(json.dumps(message).encode() + b"\n")
        while True:
            answer = self._hear(method)
            if answer.get("id") == self._number:
                if error := answer.get("error"):
                    raise AgentError(f"browser: {method}: {error['message']}")
                return dict(answer["result"])
            self.events.append(answer)

    def _hear(self, method: str) -> dict[str, Any]:
        try:
            line = self._lines.readline()
        except TimeoutError:
            raise AgentError(f"browser: {method}: no answer in {self._timeout:g} s") from None
        if not line:
            raise AgentError(f"browser: {method}: it ended")
        return dict(json.loads(line))

    def visit(self, url: str) -> str:
        """Load a page; returns the browser's error, empty when the page was loaded."""
        self.events.clear()
        if error := self.call("Page.navigate", url=url).get("errorText"):
            return str(error)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._hear("Page.navigate"))
        return ""

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, waited for if it is a promise. Raises AgentError if it throws."""
        done = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if thrown := done.get("exceptionDetails"):
            raise AgentError(f"browser: {thrown.get('exception', {}).get('description', thrown['text'])}")
        return done["result"].get("value")
