"""The container lab: a client and a server on a wire, each in a container of its own."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from ..machine import Uplink
from .nspawn import ContainerMachine
from .system import System
from .wired import WiredLab


class ContainerLab(WiredLab):
    """Both machines are containers, on the host's kernel."""

    client: ContainerMachine

    def _plugged(self) -> Uplink:
        addresses = self.addresses
        return self.wire.attach("client", addresses.client, addresses.lan, gateway=addresses.server)

    def _made(self, system: System, uplink: Uplink, directory: Path, stack: ExitStack) -> ContainerMachine:
        machine = ContainerMachine("client", self.identity, system, self.wire.namespace("client"), [uplink], directory)
        stack.callback(machine.crash)
        return machine
