"""What every lab gives: machines, a wire between them, a capture outside them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from ..addresses import LAB, Addresses
from ..capture import CaptureLike
from ..machine import Machine
from .peer import Peer


class Lab(ABC):
    """A context manager; inside it the machines are up, after it nothing of them is left."""

    client: Machine
    server: Machine
    machines: dict[str, Machine]
    peer: Peer
    addresses: Addresses = LAB
    # how many times longer than usual attacks may take: more where machines are emulated
    pace: float = 1.0
    # how many attacks run side by side
    workers: int = 16
    injected: Counter[bytes]

    def endpoints(self) -> set[tuple[str, int]]:
        """Where tunnels of the client may send to: address and UDP port."""
        return {(address, self.addresses.endpoint_port) for address in self.addresses.endpoint}

    def inner_addresses(self) -> set[str]:
        """The client's addresses in tunnels, which must never show on an uplink."""
        return set(self.addresses.tunnel_client)

    @abstractmethod
    def capture(self, machine: Machine) -> CaptureLike:
        """A capture over all uplinks of a machine, seen from outside it."""

    @abstractmethod
    def exchange(
        self, machine: Machine, frames: Sequence[bytes], is_answer: Callable[[bytes], bool], timeout: float = 1.0
    ) -> list[bytes]:
        """Send frames to a machine as another station on its wire would, and return its answer, if any.

        is_answer: tells the answer among the machine's frames. The exchange ends with the first answer, or after
        `timeout` seconds. What is sent is counted in `injected`.
        """

    @abstractmethod
    def close(self) -> None:
        """Remove everything; more than one call does no harm."""

    @abstractmethod
    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
