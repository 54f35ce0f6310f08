"""The captures of `live`, on a tunnel's link in a network namespace of the test's own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nsguard_harness.errors import LabError
from nsguard_harness.live.listen import Listener

pytestmark = pytest.mark.lab

PACKETS = 900
PATIENCE = 30.0
LAST = b"the-last-packet"
# Makes a link without Ethernet, and for each line that it reads (count, bytes, text) sends datagrams.
TUNNEL = """
import fcntl, socket, struct, subprocess, sys
from nsguard_harness.inside.flood import IFF_NO_PI, IFF_TUN, TUNSETIFF
tun = open("/dev/net/tun", "r+b", buffering=0)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"wg0", IFF_TUN | IFF_NO_PI))
for words in ("link set wg0 mtu 65535 txqueuelen 10000 up", "address add 10.66.0.2/24 dev wg0"):
    subprocess.run(["ip", *words.split()], check=True)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 24)
print("ready", flush=True)
for line in sys.stdin:
    count, size, text = line.split()
    for _ in range(int(count)):
        udp.sendto(text.encode().ljust(int(size), b"."), ("10.66.0.3", 9))
    print("sent", flush=True)
"""


class Tunnel:
    """A tunnel's link in a new network namespace, at the path `namespace`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.namespace = Path(f"/proc/{process.pid}/ns/net")
        self._read("ready")

    def send(self, packets: int, size: int, text: bytes = b"one") -> None:
        """Send datagrams of `size` bytes that begin with `text`; they are on the link when this returns."""
        assert self._process.stdin
        self._process.stdin.write(f"{packets} {size} {text.decode()}\n")
        self._process.stdin.flush()
        self._read("sent")

    def _read(self, word: str) -> None:
        assert self._process.stdout
        assert self._process.stdout.readline() == f"{word}\n"


@pytest.fixture
def tunnel() -> Iterator[Tunnel]:
    command = ["unshare", "--net", sys.executable, "-c", TUNNEL]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Tunnel(process)


@contextmanager
def kept_waiting(listener: Listener) -> Iterator[None]:
    """As on a busy machine, tcpdump does not run during the body."""
    assert listener._tcpdump
    os.kill(listener._tcpdump.pid, signal.SIGSTOP)
    yield
    os.kill(listener._tcpdump.pid, signal.SIGCONT)


def flood(tunnel: Tunnel, listener: Listener, packets: int, last: int = 50) -> int:
    """Send datagrams while tcpdump waits, then a last one of so many bytes; returns how many were captured."""
    with listener:
        with kept_waiting(listener):
            tunnel.send(packets, 100)
        deadline = time.monotonic() + PATIENCE
        while not listener.has([LAST]):
            listener.check()
            assert time.monotonic() < deadline
            tunnel.send(1, last, LAST)
            time.sleep(0.05)
    return sum(len(frame.data) == 14 + 20 + 8 + 100 for frame in listener.frames)


@pytest.fixture
def listener(tunnel: Tunnel, tmp_path: Path) -> Listener:
    return Listener("wg0", tmp_path / "wg0.pcap", tunnel.namespace)


def test_a_tunnels_packets_are_kept_while_the_machine_is_busy(tunnel: Tunnel, listener: Listener) -> None:
    assert (flood(tunnel, listener, PACKETS), listener.dropped) == (PACKETS, 0)


def test_packets_that_are_lost_are_counted(tunnel: Tunnel, listener: Listener) -> None:
    captured = flood(tunnel, listener, 3 * PACKETS)
    assert captured < 3 * PACKETS
    assert captured + listener.dropped >= 3 * PACKETS


def test_a_packet_that_was_cut_is_an_error(tunnel: Tunnel, listener: Listener) -> None:
    with pytest.raises(LabError, match=r"a frame is cut to 65\d+ of 65478 bytes"):
        flood(tunnel, listener, 0, 65450)
