"""The VM lab: the client is a virtual machine with a kernel of its own, and its hypervisor records the frames."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from ..capture import Recorder
from ..machine import Machine, Uplink
from .booted import MAC, booted, unbooted
from .qemu import NETDEV, pace
from .system import System
from .virtual import Recording
from .vm import VmMachine
from .wired import WiredLab

EMULATED_WORKERS = 6


class VmLab(WiredLab):
    """As the container lab but for the client, which runs the kernel and the systemd of a suite of Debian's."""

    client: VmMachine

    def __init__(self, suite: str = "trixie", captures: Path | None = None, client: System | None = None) -> None:
        """suite: of Debian's; captures: where pcap files are kept, else they go with the lab.

        client: a system that brings its own init, such as a NixOS, to boot under the suite's kernel.
        """
        super().__init__(client, captures)
        self.suite = suite

    def _plugged(self) -> Uplink:
        return self.wire.tap("client", self.addresses.client, MAC)

    def _made(self, system: System, uplink: Uplink, directory: Path, stack: ExitStack) -> VmMachine:
        if system.init:
            (directory / "base").mkdir()
            base = unbooted(self.suite, self.addresses, system, directory / "base")
        else:
            base = booted(self.suite, self.addresses)
        self.pace = pace(base.kernel.image)
        if self.pace > 1.0:
            self.workers = EMULATED_WORKERS
        machine = VmMachine("client", base, system, self.wire.switch, [uplink], directory)
        machine.pace = self.pace
        stack.callback(machine.close)
        return machine

    def _recorder(self, machine: Machine, uplink: Uplink) -> Recorder:
        return Recording(machine, NETDEV) if isinstance(machine, VmMachine) else super()._recorder(machine, uplink)
