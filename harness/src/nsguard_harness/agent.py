"""The host's end of an agent that runs in a machine (inside/agent.py holds the other end and the protocol)."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from typing import Any

from .attack import Outcome
from .errors import AgentError
from .machine import Machine

DEFAULT_SOCKET = "/run/nsguard-agent/socket"
# beyond an attack's own time: the agent still has to kill it and to answer
GRACE_SECONDS = 10.0


class Agent:
    """Runs attacks in a machine, through a socket there."""

    def __init__(self, machine: Machine, socket: str = DEFAULT_SOCKET) -> None:
        self.machine, self.socket = machine, socket

    def wait(self, timeout: float = 10) -> None:
        """Wait until the agent takes connections; raises AgentError at the deadline."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self._connect(1).close()
                return
            except AgentError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def run(
        self,
        attack: str,
        token: str,
        family: int = 0,
        parameters: Mapping[str, Any] | None = None,
        timeout: float = 5.0,
    ) -> Outcome:
        """Run one attack to its end, or until its time (seconds) is over; raises AgentError."""
        request = {"attack": attack, "token": token, "family": family, "timeout": timeout}
        with self._connect(timeout + GRACE_SECONDS) as connection, connection.makefile("rwb") as stream:
            try:
                stream.write(json.dumps({**request, "parameters": dict(parameters or {})}).encode() + b"\n")
                stream.flush()
                answer = json.loads(stream.readline())
                if "error" not in answer:
                    return Outcome(bool(answer["reached"]), str(answer["said"]), str(answer.get("lacks", "")))
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise AgentError(f"{self._where}: {attack}: no answer: {type(error).__name__}: {error}") from error
        raise AgentError(f"{self._where}: {attack}: {answer['error']}")

    @property
    def _where(self) -> str:
        return f"agent {self.machine.name}:{self.socket}"

    def _connect(self, timeout: float) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout)
        try:
            connection.connect(str(self.machine.path(self.socket)))
        except OSError as error:
            connection.close()
            raise AgentError(f"{self._where}: cannot connect: {error.strerror or error}") from error
        return connection
