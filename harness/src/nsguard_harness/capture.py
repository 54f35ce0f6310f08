"""Captures on the switch's side of a wire, outside the machine under test.

A tap inside a machine is not enough: frames sent with PACKET_QDISC_BYPASS never reach it (packet(7)).
"""

from __future__ import annotations

import re
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from .errors import LabError
from .verdict.tokens import Sought, Tokens

# IEEE Std 802 - Local Experimental Ethertype 1 (IEEE 802-2014, 9.2.4)
SENTINEL_ETHERTYPE = 0x88B5
SENTINEL_SOURCE = bytes.fromhex("02530000005e")
BROADCAST = b"\xff" * 6
# In immediate mode each frame takes a slot of libpcap's ring, as large as a frame may be on the link: room for many
# thousands, or a thousand where the link may join segments, while a busy machine keeps tcpdump waiting.
BUFFER_KIB = 65536
# Bytes that are kept of a packet where the link may be a tunnel: with its header it fits into a slot of 64 KiB, and the
# ring has room for a thousand. With tcpdump's default a slot of a tunnel's link has 512 KiB: 128 packets fill the ring,
# and the kernel needs a quarter of a second to find such large pieces of memory. Joined segments are no larger at usual
# MTUs; `read_frames` refuses a frame that was cut, and names a limit for them with which none is.
SNAPSHOT = 65400
JOINED = 60000
# a machine's late frames (a retransmission, a delayed answer) still belong to what was captured
QUIET_SECONDS = 0.15
DEADLINE_SECONDS = 10.0
# tcpdump.org/linktypes: Ethernet; IP alone, as tunnels have it; Linux's cooked header, its ethertype at its end
ETHERNET, RAW, COOKED = 1, 101, 113


@dataclass(frozen=True)
class Frame:
    """One frame as it passed: seconds since the epoch, the bytes from the Ethernet header on, the wire's name."""

    time: float
    data: bytes
    wire: str


class CaptureLike(Protocol):
    """What the judge needs of a capture: both attributes are set when the block has ended."""

    frames: list[Frame]
    dropped: int

    def shown(self, tokens: Tokens) -> frozenset[str]:
        """The tokens that were recorded so far; the same `tokens` in each call."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def sentinel() -> bytes:
    """A frame that only its maker knows, so that reading it back proves that the capture runs."""
    body = b"nsguard sentinel " + secrets.token_hex(16).encode()
    return (BROADCAST + SENTINEL_SOURCE + SENTINEL_ETHERTYPE.to_bytes(2, "big") + body).ljust(60, b"\0")


def parse_dropped(summary: str) -> int:
    """Frames that tcpdump says were lost, by the kernel or by the interface; raises LabError without such a line."""
    counts = re.findall(r"(\d+) packets? dropped by (?:kernel|interface)", summary)
    if not counts:
        raise LabError(f"capture: tcpdump gave no drop count: {summary.strip()[-200:]!r}")
    return sum(map(int, counts))


def ethernet(data: bytes, linktype: int) -> bytes:
    """A packet of a link without Ethernet, behind an Ethernet header; raises LabError for an unknown type of link."""
    if linktype == ETHERNET:
        return data
    if linktype == RAW:
        return bytes(12) + (b"\x86\xdd" if data[0] >> 4 == 6 else b"\x08\0") + data
    if linktype == COOKED:
        return bytes(12) + data[14:]
    raise LabError(f"capture: a link of type {linktype} can't be read")


def read_frames(path: Path, wire: str) -> list[Frame]:
    """The frames of a pcap file, whole; raises LabError when one is cut or the file is."""
    from scapy.error import Scapy_Exception
    from scapy.utils import RawPcapReader

    frames = []
    try:
        # opened here: scapy, which takes a file as well, leaves its own open when it refuses it
        with path.open("rb") as file, RawPcapReader(file) as reader:  # type: ignore[arg-type]
            scale = 1e-9 if reader.nano else 1e-6
            for data, meta in reader:
                if meta.caplen != meta.wirelen:
                    raise LabError(
                        f"capture: {path}: a frame is cut to {meta.caplen} of {meta.wirelen} bytes; let {wire} join "
                        f"segments to less: ip link set dev {wire} gso_max_size {JOINED} gro_max_size {JOINED}"
                    )
                frames.append(Frame(meta.sec + meta.usec * scale, ethernet(bytes(data), reader.linktype), wire))
    except (Scapy_Exception, EOFError) as error:
        raise LabError(f"capture: {path} is not a pcap file: {error}") from error
    return frames


class Recorder(Protocol):
    """What writes the frames of a wire to a pcap file."""

    def start(self, path: Path) -> None:
        """Begin; frames need not be recorded yet when it returns. Raises LabError."""

    def check(self) -> None:
        """Raise LabError when it has ended by itself."""

    def stop(self) -> int:
        """End; returns how many frames were lost. Raises LabError."""


class Tcpdump:
    """Records what passes a port of a switch."""

    def __init__(self, namespace: Path, wire: str) -> None:
        """namespace: the switch's network namespace."""
        self._namespace, self._wire = namespace, wire
        self._process: subprocess.Popen[str] | None = None

    def start(self, path: Path) -> None:
        # immediate mode: without it libpcap holds frames back for up to a second
        tcpdump = ["tcpdump", "-n", "-U", "--immediate-mode", "-s", "0", "-B", str(BUFFER_KIB), "-Z", "root"]
        enter = ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net={self._namespace}"]
        self._process = subprocess.Popen(
            [*enter, *tcpdump, "-i", self._wire, "-w", str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a ^C at the terminal must not end it before the last sentinel
        )

    def check(self) -> None:
        assert self._process is not None
        if self._process.poll() is not None:
            output = " ".join((self._process.stderr.read() if self._process.stderr else "").split())
            raise LabError(f"capture: tcpdump on {self._wire} ended: {output[-300:]}")

    def stop(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        try:
            _, summary = self._process.communicate(timeout=DEADLINE_SECONDS)
        except subprocess.TimeoutExpired as error:
            self._process.kill()
            self._process.communicate()
            raise LabError(f"capture: tcpdump on {self._wire} did not end") from error
        return parse_dropped(summary)


class Capture:
    """A capture of one wire. It begins when a sentinel was read back, and ends when the wire has been quiet."""

    def __init__(self, wire: str, path: Path, recorder: Recorder, send: Callable[[bytes], object]) -> None:
        """path: of the pcap file; send: puts a frame on the wire where the recorder sees it."""
        self.wire, self.path = wire, path
        self.frames: list[Frame] = []
        self.dropped = 0
        self._first, self._last = sentinel(), sentinel()
        self._recorder, self._send = recorder, send
        self._sought: Sought | None = None

    def __enter__(self) -> Self:
        self._recorder.start(self.path)
        try:
            self._read_back(self._first)
        except BaseException:
            self._give_up()
            raise
        return self

    def shown(self, tokens: Tokens) -> frozenset[str]:
        """As CaptureLike.shown. Reads what is new: an attack may send many megabytes."""
        self._sought = self._sought or Sought(tokens)
        self._sought.add(self._recorded(self._sought.size))
        return self._sought.found

    def _give_up(self) -> None:
        # the first error is being raised already
        with suppress(LabError):
            self._recorder.stop()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._give_up()
            return
        try:
            self._read_back(self._last, self.path.stat().st_size)
            self._wait_quiet()
        except BaseException:
            self._give_up()
            raise
        self.dropped = self._recorder.stop()
        frames = read_frames(self.path, self.wire)
        own = {self._first, self._last}
        if not own <= {frame.data for frame in frames}:
            raise LabError(f"capture: {self.path}: a sentinel is missing, so the capture has a gap")
        self.frames = [frame for frame in frames if frame.data not in own]

    def _read_back(self, frame: bytes, start: int = 0) -> None:
        """Send a frame until it is in the file: a frame that is sent before the recorder runs is not recorded.

        start: bytes of the file that were there before, and are not searched: these may be many megabytes.
        """
        deadline = time.monotonic() + DEADLINE_SECONDS
        sent = 0.0
        while frame not in self._recorded(start):
            self._recorder.check()
            if time.monotonic() > deadline:
                raise LabError(f"capture: no sentinel came back on {self.wire} in {DEADLINE_SECONDS:g} s")
            if time.monotonic() - sent > 0.05:
                self._send(frame)
                sent = time.monotonic()
            time.sleep(0.005)

    def _recorded(self, start: int) -> bytes:
        if not self.path.exists():
            return b""
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read()

    def _wait_quiet(self) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        size, since = -1, time.monotonic()
        while time.monotonic() - since < QUIET_SECONDS and time.monotonic() < deadline:
            if (now := self.path.stat().st_size) != size:
                size, since = now, time.monotonic()
            time.sleep(0.01)


class Captures:
    """Several captures as one: frames in order of time, drops summed."""

    def __init__(self, captures: Sequence[Capture]) -> None:
        self.captures = tuple(captures)
        self.frames: list[Frame] = []
        self.dropped = 0
        self._entered: list[Capture] = []

    def __enter__(self) -> Self:
        for capture in self.captures:
            try:
                self._entered.append(capture.__enter__())
            except BaseException as error:
                self.__exit__(type(error), error, error.__traceback__)
                raise
        return self

    def shown(self, tokens: Tokens) -> frozenset[str]:
        """As CaptureLike.shown, on all wires together."""
        return frozenset().union(*(capture.shown(tokens) for capture in self.captures))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        entered, self._entered = self._entered, []
        for capture in entered:
            capture.__exit__(kind, error, trace)
        self.frames = sorted((frame for capture in entered for frame in capture.frames), key=lambda frame: frame.time)
        self.dropped = sum(capture.dropped for capture in entered)
