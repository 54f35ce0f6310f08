"""What labs with a wire of their own have in common: the server, the wire, captures, and an end that leaves nothing."""

from __future__ import annotations

import errno
import secrets
import signal
import socket
import time
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self

from pyroute2 import IPRoute, NetlinkError

from ..capture import Capture, Captures, Recorder, Tcpdump
from ..machine import Bootable, Machine, Uplink
from . import peer
from .base import Lab
from .debian import TUNNEL_CONFIGURATION, debian_client, debian_server
from .image import BASE, Recipe, check_root, image
from .lifetime import disk, guarded, terminable
from .nspawn import ContainerMachine
from .system import System
from .wire import ETH_P_ALL, Wire, gateway, packet_socket


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


class WiredLab(Lab):
    """A client behind a server, which is a container. What it makes carries its identity, and is gone after it."""

    server: ContainerMachine
    # what the server is made of
    far_end: Recipe = BASE

    @abstractmethod
    def _plugged(self) -> Uplink:
        """Join the client to the wire."""

    @abstractmethod
    def _made(self, system: System, uplink: Uplink, directory: Path, stack: ExitStack) -> Bootable:
        """The client, which the stack ends again; directory: for this machine alone."""

    def __init__(self, client: System | None = None, captures: Path | None = None) -> None:
        """client: another system than the Debian one; captures: where pcap files are kept, else they go with the lab.

        The tunnel's configuration, in wg-quick's format, lies at TUNNEL_CONFIGURATION on the client.
        """
        self.identity = secrets.token_hex(4)
        self.secrets = peer.Secrets.generate()
        self._client, self._kept_captures = client, captures
        self._stack = ExitStack()
        self._number = 0
        self.injected = Counter()

    def __enter__(self) -> Self:
        check_root()
        with ExitStack() as stack:
            stack.enter_context(terminable())
            work = stack.enter_context(disk(self.identity))
            stack.enter_context(guarded(self.identity, work))
            self.wire = Wire(work / "net")
            stack.callback(self.wire.close)
            # the order gives the machines their addresses on the link
            uplinks = {"server": gateway(self.wire, self.addresses), "client": self._plugged()}
            self._captures = self._kept_captures or work
            server = debian_server(image(self.far_end), kernel=kernel_has_wireguard(self.wire))
            client = self._client or debian_client(image())
            keys = {
                "server": (f"{peer.CONFIGURATION}/server.conf", self.secrets.server_configuration(self.addresses)),
                "client": (TUNNEL_CONFIGURATION, self.secrets.client_configuration(self.addresses)),
            }
            systems = {
                name: replace(system, secrets={**system.secrets, **dict([keys[name]])})
                for name, system in (("server", server), ("client", client))
            }
            for name in systems:
                (work / name).mkdir(mode=0o755)
            here = self.wire.namespace("server")
            self.server = ContainerMachine(
                "server", self.identity, systems["server"], here, [uplinks["server"]], work / "server"
            )
            stack.callback(self.server.crash)
            client_machine = self._made(systems["client"], uplinks["client"], work / "client", stack)
            for machine in (self.server, client_machine):
                machine.power_on()
            for machine in (self.server, client_machine):
                machine.wait_until_up()
            self.client = client_machine
            self.machines = {"server": self.server, "client": self.client}
            self.peer = peer.Peer(self.server, self.secrets, self.addresses)
            self._stack = stack.pop_all()
        return self

    def capture(self, machine: Machine) -> Captures:
        """Outside the machine, one on each of its uplinks."""
        self._number += 1
        directory = self._captures
        directory.mkdir(parents=True, exist_ok=True)
        return Captures(
            [
                Capture(
                    uplink.wire,
                    directory / f"{self._number:03}-{uplink.wire}.pcap",
                    self._recorder(machine, uplink),
                    partial(self.wire.send, uplink.wire),
                )
                for uplink in machine.uplinks
            ]
        )

    def _recorder(self, machine: Machine, uplink: Uplink) -> Recorder:
        """What records a machine's uplink."""
        return Tcpdump(self.wire.switch, uplink.wire)

    def exchange(
        self, machine: Machine, frames: Sequence[bytes], is_answer: Callable[[bytes], bool], timeout: float = 1.0
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
                    if kind != socket.PACKET_OUTGOING and is_answer(data):
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
