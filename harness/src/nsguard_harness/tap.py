"""A capture inside the tunnel, at the server's end: what goes through the tunnel must come out there."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from .capture import BUFFER_KIB, SNAPSHOT
from .errors import LabError
from .machine import Machine
from .verdict.tokens import Tokens

DIRECTORY = "/run/nsguard-tap"
# Bytes of what was read before that are searched again with what comes next: more than a token has in any form.
OVERLAP = 4096


@dataclass
class _Read:
    """How much of a file was read, in bytes, and the last of it."""

    size: int = 0
    last: bytes = b""


class Tap:
    """tcpdump on every WireGuard interface of a machine, for the time of a `with` block.

    tokens: what is looked for in it.
    """

    def __init__(self, machine: Machine, tokens: Tokens) -> None:
        self._machine, self._tokens = machine, tokens
        self._interfaces: list[str] = []
        self._read: dict[str, _Read] = {}
        self._arrived: set[str] = set()

    def __enter__(self) -> Self:
        self._interfaces = self._machine.succeed("wg show interfaces").split()
        if not self._interfaces:
            raise LabError(f"{self._machine.name}: has no WireGuard interface to listen on")
        self._machine.succeed(f"rm -rf {DIRECTORY} && mkdir {DIRECTORY}")
        for interface in self._interfaces:
            file = f"{DIRECTORY}/{interface}"
            tcpdump = (
                f"tcpdump -n -U --immediate-mode -s {SNAPSHOT} -B {BUFFER_KIB} -Z root -i {interface} -w {file}.pcap"
            )
            self._machine.spawn(f"echo $$ > {file}.pid; exec {tcpdump} 2> {file}.log")
        for interface in self._interfaces:
            self._machine.wait_until_succeeds(f"grep -q '^tcpdump: listening on' {DIRECTORY}/{interface}.log", 10)
        return self

    def arrived(self) -> frozenset[str]:
        """The tokens that came out of the tunnel so far. Reads what is new: an attack may send many megabytes."""
        for interface in self._interfaces:
            read = self._read.setdefault(interface, _Read())
            rest = f"tail -c +{read.size + 1} {DIRECTORY}/{interface}.pcap | base64"
            new = b64decode(self._machine.succeed(rest))
            self._arrived.update(self._tokens.find(read.last + new))
            self._read[interface] = _Read(read.size + len(new), (read.last + new)[-OVERLAP:])
        return frozenset(self._arrived)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._machine.execute(f"kill $(cat {DIRECTORY}/*.pid)")
