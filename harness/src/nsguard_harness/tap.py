"""A capture inside the tunnel, at the server's end: what goes through the tunnel must come out there."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from .capture import BUFFER_KIB
from .errors import LabError
from .machine import Machine
from .verdict.tokens import Tokens

DIRECTORY = "/run/nsguard-tap"


class Tap:
    """tcpdump on every WireGuard interface of a machine, for the time of a `with` block."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._interfaces: list[str] = []

    def __enter__(self) -> Self:
        self._interfaces = self._machine.succeed("wg show interfaces").split()
        if not self._interfaces:
            raise LabError(f"{self._machine.name}: has no WireGuard interface to listen on")
        self._machine.succeed(f"rm -rf {DIRECTORY} && mkdir {DIRECTORY}")
        for interface in self._interfaces:
            file = f"{DIRECTORY}/{interface}"
            tcpdump = f"tcpdump -n -U --immediate-mode -B {BUFFER_KIB} -Z root -i {interface} -w {file}.pcap"
            self._machine.spawn(f"echo $$ > {file}.pid; exec {tcpdump} 2> {file}.log")
        for interface in self._interfaces:
            self._machine.wait_until_succeeds(f"grep -q '^tcpdump: listening on' {DIRECTORY}/{interface}.log", 10)
        return self

    def tokens(self, tokens: Tokens) -> frozenset[str]:
        """The tokens that came out of the tunnel so far."""
        files = [self._machine.read(f"{DIRECTORY}/{interface}.pcap") for interface in self._interfaces]
        return frozenset(token for file in files for token in tokens.find(file))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._machine.execute(f"kill $(cat {DIRECTORY}/*.pid)")
