"""The container lab: a client and a server on a wire, each in a container of its own."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Self

from pyroute2 import IPRoute, NetlinkError

from ..addresses import LAB
from ..capture import Capture, Captures
from ..checkout import RUNTIME
from ..errors import LabError
from ..machine import Machine
from . import peer
from .base import Lab
from .image import image
from .nspawn import ContainerMachine, System
from .wire import ETH_P_ALL, Wire, lan, packet_socket

TUNNEL_CONFIGURATION = f"{peer.CONFIGURATION}/client.conf"
NSCD_RECORDS = f"{peer.STATE}/nscd.jsonl"
# as NixOS has it: the directory comes and goes with the service, which is always restarted
NSCD = "RuntimeDirectory=nscd\nRestart=always\n"
# The groups are ours or, where systemd runs the host, the scopes that nspawn asked it for; both have a machine's name.
GUARD = """
read -r _ && exit
groups() { find /sys/fs/cgroup -depth -path "*/$1*" -type d 2>/dev/null; }
for group in $(groups "$1"); do xargs -r kill -9 <"$group/cgroup.procs"; done
umount --lazy "$2" && rmdir "$2"
for _ in 1 2 3 4 5 6 7 8 9; do
    groups "$1" | xargs -r rmdir 2>/dev/null && exit
    sleep 0.2
done
"""


def debian_client(tree: Path) -> System:
    """A Debian with resolved, D-Bus and the nscd stand-in, and with the runtime where the checkout has it."""
    units = {"nscd.service": peer.service("nscd", f"/run/nscd/socket {NSCD_RECORDS} {LAB.server.v4}", NSCD)}
    trees, links = dict(peer.TREES), peer.enabled(units)
    if RUNTIME.is_dir():
        trees |= {RUNTIME / part: f"/usr/lib/nsguard/{part}" for part in ("bin", "src")}
        links["/usr/bin/nsguard"] = "../lib/nsguard/bin/nsguard"
    files = {f"{peer.UNITS}/{unit}": text for unit, text in units.items()}
    return System(tree, trees=trees, files=files, links=links)


def debian_server(tree: Path, *, kernel: bool) -> System:
    """The server; kernel: whether the kernel has WireGuard."""
    units = peer.units(kernel)
    # resolved's stub would hold port 53, and nothing else on the server looks up names
    links = peer.enabled(units) | {f"{peer.UNITS}/systemd-resolved.service": "/dev/null"}
    return System(
        tree, trees=peer.TREES, files={f"{peer.UNITS}/{unit}": text for unit, text in units.items()}, links=links
    )


def kernel_has_wireguard(wire: Wire) -> bool:
    """Whether links of the kind can be made; tried in the switch's namespace, and undone."""
    with IPRoute(netns=str(wire.switch)) as ip:
        try:
            ip.link("add", ifname="probe", kind="wireguard")
        except NetlinkError as error:
            if error.code in (errno.EOPNOTSUPP, errno.ENODEV):
                return False
            raise
        ip.link("del", index=ip.link_lookup(ifname="probe")[0])
    return True


class ContainerLab(Lab):
    """A client behind a server. Everything it makes carries its identity, and is gone after it."""

    client: ContainerMachine
    server: ContainerMachine

    def __init__(self, client: System | None = None, captures: Path | None = None) -> None:
        """client: another system than the Debian one; captures: where pcap files are kept, else they go with the lab.

        The tunnel's configuration, in wg-quick's format, lies at TUNNEL_CONFIGURATION on the client.
        """
        self.identity = secrets.token_hex(4)
        self.secrets = peer.Secrets.generate()
        self._client, self._kept = client, captures
        self._stack = ExitStack()
        self._number = 0
        self.injected = Counter()

    def __enter__(self) -> Self:
        if os.geteuid() != 0:
            raise LabError("lab: namespaces and mounts need root")
        tree = image()
        with ExitStack() as stack:
            stack.enter_context(_terminable())
            work = stack.enter_context(_disk(self.identity))
            stack.enter_context(_guarded(self.identity, work))
            self.wire, uplinks = lan(work / "net", self.addresses)
            stack.callback(self.wire.close)
            self._captures = self._kept or work
            kernel = kernel_has_wireguard(self.wire)
            client = self._client or debian_client(tree)
            server = debian_server(tree, kernel=kernel)
            systems = {
                "server": replace(
                    server,
                    secrets={f"{peer.CONFIGURATION}/server.conf": self.secrets.server_configuration(self.addresses)},
                ),
                "client": replace(
                    client,
                    secrets={
                        **client.secrets,
                        TUNNEL_CONFIGURATION: self.secrets.client_configuration(self.addresses),
                    },
                ),
            }
            machines = {}
            for name, system in systems.items():
                place = work / name
                place.mkdir(mode=0o755)
                namespace = self.wire.namespace(name)
                machines[name] = ContainerMachine(name, self.identity, system, namespace, [uplinks[name]], place)
                stack.callback(machines[name].crash)
            for machine in machines.values():
                machine.launch()
            for machine in machines.values():
                machine.wait_until_up()
            self.client, self.server = machines["client"], machines["server"]
            self.machines = dict(machines)
            self.peer = peer.Peer(self.server, self.secrets, self.addresses)
            self._stack = stack.pop_all()
        return self

    def capture(self, machine: Machine) -> Captures:
        """tcpdump on the machine's ports of the switch."""
        self._number += 1
        place = self._captures
        place.mkdir(parents=True, exist_ok=True)
        return Captures(
            [
                Capture(self.wire.switch, uplink.wire, place / f"{self._number:03}-{uplink.wire}.pcap")
                for uplink in machine.uplinks
            ]
        )

    def exchange(
        self, machine: Machine, frames: Sequence[bytes], wanted: Callable[[bytes], bool], timeout: float = 1.0
    ) -> list[bytes]:
        uplink, deadline = machine.uplinks[0], time.monotonic() + timeout
        with packet_socket(self.wire.switch, uplink.wire, ETH_P_ALL) as port:
            for frame in frames:
                self.injected[frame] += 1
                port.send(frame)
            while (left := deadline - time.monotonic()) > 0:
                port.settimeout(left)
                with suppress(TimeoutError):
                    data, (_, _, kind, *_) = port.recvfrom(65535)
                    if kind != socket.PACKET_OUTGOING and wanted(data):
                        return [data]
        return []

    def close(self) -> None:
        """Pull the plugs and remove everything; signals wait until it is done."""
        blocked = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
        try:
            self._stack.close()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _guarded(identity: str, work: Path) -> Iterator[None]:
    """Let a process stand by that clears away after us when we are killed: then its standard input just ends."""
    command = ["sh", "-c", GUARD, "nsguard-lab-guard", f"nsguard-{identity}-", str(work)]
    # out of the terminal's process group, so that ^C does not end it before us
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield
    finally:
        guard.communicate(b"done\n")


@contextmanager
def _disk(identity: str) -> Iterator[Path]:
    """A file system in memory: an overlay's upper layer can't lie on another overlay, and nothing here needs a disk."""
    work = Path(tempfile.mkdtemp(prefix=f"nsguard-{identity}-"))
    try:
        mount = ["mount", "-t", "tmpfs", "-o", "mode=0755", f"nsguard-{identity}", str(work)]
        done = subprocess.run(mount, capture_output=True, text=True)
        if done.returncode:
            raise LabError(f"lab: {' '.join(mount)}: {done.stderr.strip()}")
        try:
            yield work
        finally:
            subprocess.run(["umount", "--lazy", str(work)], check=True)
    finally:
        shutil.rmtree(work)


@contextmanager
def _terminable() -> Iterator[None]:
    """Make SIGTERM and SIGHUP raise SystemExit, so that a killed harness cleans up as at any other end."""

    owner = os.getpid()

    def end(number: int, _: FrameType | None) -> None:
        # pyroute2 forks helpers and ends them by SIGTERM: one of those must not clean up in our place
        if os.getpid() != owner:
            os._exit(128 + number)
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
