"""The host's end of an agent that runs in a machine (inside/agent.py holds the other end and the protocol)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from . import attacks
from .attack import Lacking, Outcome
from .errors import AgentError, LabError
from .machine import BUSY, AgentHost

DEFAULT_SOCKET = "/run/nsguard-agent/socket"
# beyond an attack's own time: the agent still has to kill it and to answer
GRACE_SECONDS = 10.0


def printable(text: str) -> str:
    """`text` without control characters: the answer of an attacked daemon must not control a terminal."""
    return "".join(character if character.isprintable() else "·" for character in text)


class Agent:
    """Runs attacks in a machine, through a socket there."""

    def __init__(self, machine: AgentHost, socket: str = DEFAULT_SOCKET) -> None:
        self.machine, self.socket = machine, socket

    def wait(self, timeout: float = 10) -> None:
        """Wait until the agent answers; raises AgentError at the deadline."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                # an empty request is answered with an error
                self._ask(b"", 5)
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
        """Run one attack to its end, or until `BUSY` times its time (seconds) is over; raises AgentError."""
        limit = BUSY * timeout
        request = {"attack": attack, "module": attacks.module_of(attack), "token": token, "family": family}
        times = {"timeout": timeout, "limit": limit}
        line = json.dumps({**request, **times, "parameters": dict(parameters or {})}).encode()
        try:
            answer = json.loads(self._ask(line, limit + GRACE_SECONDS))
            if "error" not in answer:
                report, lacks = (printable(str(answer.get(key, ""))) for key in ("said", "lacks"))
                lacking = answer.get("lacking")
                return Outcome(bool(answer["reached"]), report, lacks, lacking and Lacking(lacking))
        except (ValueError, KeyError, TypeError) as error:
            raise AgentError(f"{self._where}: {attack}: no answer: {type(error).__name__}: {error}") from error
        raise AgentError(f"{self._where}: {attack}: {answer['error']}")

    @property
    def _where(self) -> str:
        return f"agent {self.machine.name}:{self.socket}"

    def _ask(self, line: bytes, timeout: float) -> bytes:
        try:
            return self.machine.ask(self.socket, line, timeout)
        except LabError as error:
            raise AgentError(f"{self._where}: {error}") from error
