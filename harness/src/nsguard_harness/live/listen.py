"""Captures on this host: on every uplink, and inside the namespace on the tunnel's own link."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ..addresses import Pair
from ..capture import BUFFER_KIB, DEADLINE_SECONDS, SNAPSHOT, Frame, parse_dropped, read_frames
from ..errors import LabError
from .host import Link

HOPS = 1  # what the test sends itself dies at the first router
DISCARD = 9  # RFC 863
SENTINEL_SECONDS = 2.0
MOST_BYTES = 128 << 20  # of one capture: a host that is busier than that can't be judged in reasonable time


def send(family: int, to: tuple[str, int], data: bytes, interface: str = "") -> None:
    """Send a datagram that the first router discards; raises OSError where there is no route.

    to: address and port; interface: the link to send by, empty to let the routes decide.
    """
    inet, level, option = (
        (socket.AF_INET6, socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)
        if family == 6
        else (socket.AF_INET, socket.IPPROTO_IP, socket.IP_TTL)
    )
    with socket.socket(inet, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(level, option, HOPS)
        if interface:
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        udp.sendto(data, to)


class Listener:
    """tcpdump on one link for the body of a `with`; after it `frames` and `dropped` are set."""

    def __init__(self, interface: str, path: Path, namespace: Path | None = None) -> None:
        """path: where the pcap file is written; namespace: the network namespace of the link, None for the host's."""
        self.interface, self.path = interface, path
        self.frames: list[Frame] = []
        self.dropped = 0
        self._enter = ["nsenter", f"--net={namespace}"] if namespace else []
        self._log = path.with_suffix(".log")
        self._tcpdump: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        size = ["-s", str(SNAPSHOT), "-B", str(BUFFER_KIB)]
        tcpdump = ["tcpdump", "-n", "-U", "--immediate-mode", *size, "-Z", "root"]
        with self._log.open("wb") as log:
            self._tcpdump = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self._enter, *tcpdump, "-i", self.interface, "-w", str(self.path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,  # a ^C at the terminal must not end it before it has printed its counts
            )
        deadline = time.monotonic() + DEADLINE_SECONDS
        while "listening on" not in (output := self._log.read_text()):
            ended = self._tcpdump.poll() is not None
            if ended or time.monotonic() > deadline:
                self._kill()
                why = " ".join(output.split())[-300:] if ended else f"not ready in {DEADLINE_SECONDS:g} s"
                raise LabError(f"live: {self.interface} can't be captured, so nothing can be proved: {why}")
            time.sleep(0.01)
        return self

    def has(self, needles: Sequence[bytes]) -> bool:
        """Whether any of these bytes were captured so far."""
        captured = self.path.read_bytes()
        return any(needle in captured for needle in needles)

    def check(self) -> None:
        """Raise LabError when more was captured than can be judged, or the capture has ended."""
        assert self._tcpdump is not None
        if self.path.exists() and self.path.stat().st_size > MOST_BYTES:
            raise LabError(
                f"live: {self.interface} carried more than {MOST_BYTES >> 20} MiB meanwhile; try when it is quieter"
            )
        if self._tcpdump.poll() is not None:
            raise LabError(f"live: the capture of {self.interface} ended: {self._log.read_text().strip()[-200:]}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._tcpdump is not None
        if kind is not None:
            self._kill()
            return
        self._tcpdump.send_signal(signal.SIGINT)
        self._tcpdump.wait(DEADLINE_SECONDS)
        self.dropped = parse_dropped(self._log.read_text())
        self.frames = read_frames(self.path, self.interface)

    def _kill(self) -> None:
        assert self._tcpdump is not None
        self._tcpdump.kill()
        self._tcpdump.wait()


class Uplinks:
    """Captures of all uplinks. At the beginning and at the end a datagram by each link must show up in its capture.

    A link without an address of its own, such as a bridge's port, cannot send one: `unproved` has its name.
    """

    def __init__(self, links: Sequence[Link], directory: Path, marks: Sequence[Pair]) -> None:
        """directory: for the captures; marks: two unused targets for each link."""
        self.listeners = [Listener(link.name, directory / f"{link.name}.pcap") for link in links]
        self.frames: list[Frame] = []
        self.dropped = 0
        self.unproved = [link.name for link in links if not link.addresses]
        self._marks = {link.name: (marks[2 * n], marks[2 * n + 1]) for n, link in enumerate(links)}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for listener in self.listeners:
                stack.enter_context(listener)
                self._prove(listener, self._marks[listener.interface][0])
            self._stack = stack.pop_all()
        return self

    def check(self) -> None:
        """As Listener.check, for all of them."""
        for listener in self.listeners:
            listener.check()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            for listener in self.listeners:
                self._prove(listener, self._marks[listener.interface][1])
        frames = (frame for listener in self.listeners for frame in listener.frames)
        self.frames = sorted(frames, key=lambda frame: frame.time)
        self.dropped = sum(listener.dropped for listener in self.listeners)

    def _prove(self, listener: Listener, mark: Pair) -> None:
        """Send a datagram to `mark` by that link until the capture shows it, or the ARP or neighbour request for it.

        Raises LabError when it does not within SENTINEL_SECONDS.
        """
        if listener.interface in self.unproved:
            return
        text = b"nsguard sentinel " + secrets.token_hex(16).encode()
        v4, v6 = (
            socket.inet_pton(inet, address)
            for inet, address in zip((socket.AF_INET, socket.AF_INET6), mark, strict=True)
        )
        needles = (text, bytes(6) + v4, v6)
        deadline = time.monotonic() + SENTINEL_SECONDS
        while not listener.has(needles):
            listener.check()
            if time.monotonic() > deadline:
                raise LabError(
                    f"live: what was sent by {listener.interface} was not captured, so nothing can be proved"
                )
            for family in (4, 6):
                with suppress(OSError):
                    send(family, (mark.of(family), DISCARD), text, listener.interface)
            time.sleep(0.05)
