"""A capture inside the tunnel, at the server's end: what goes through the tunnel must come out there."""

from __future__ import annotations

from base64 import b64decode
from types import TracebackType
from typing import Self

from .capture import BUFFER_KIB, SNAPSHOT
from .errors import LabError
from .machine import Machine
from .verdict.tokens import Sought, Tokens

DIRECTORY = "/run/nsguard-tap"


class Tap:
    """tcpdump on every WireGuard interface of a machine, for the time of a `with` block.

    tokens: what is looked for in it.
    """

    def __init__(self, machine: Machine, tokens: Tokens) -> None:
        self._machine, self._tokens = machine, tokens
        self._sought: dict[str, Sought] = {}  # by interface

    def __enter__(self) -> Self:
        self._sought = {name: Sought(self._tokens) for name in self._machine.succeed("wg show interfaces").split()}
        if not self._sought:
            raise LabError(f"{self._machine.name}: has no WireGuard interface to listen on")
        self._machine.succeed(f"rm -rf {DIRECTORY} && mkdir {DIRECTORY}")
        for interface in self._sought:
            file = f"{DIRECTORY}/{interface}"
            tcpdump = (
                f"tcpdump -n -U --immediate-mode -s {SNAPSHOT} -B {BUFFER_KIB} -Z root -i {interface} -w {file}.pcap"
            )
            self._machine.spawn(f"echo $$ > {file}.pid; exec {tcpdump} 2> {file}.log")
        for interface in self._sought:
            self._machine.wait_until_succeeds(f"grep -q '^tcpdump: listening on' {DIRECTORY}/{interface}.log", 10)
        return self

    def arrived(self) -> frozenset[str]:
        """The tokens that came out of the tunnel so far. Reads what is new: an attack may send many megabytes."""
        for interface, sought in self._sought.items():
            rest = f"tail -c +{sought.size + 1} {DIRECTORY}/{interface}.pcap | base64"
            sought.add(b64decode(self._machine.succeed(rest)))
        return frozenset().union(*(sought.found for sought in self._sought.values()))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._machine.execute(f"kill $(cat {DIRECTORY}/*.pid)")
