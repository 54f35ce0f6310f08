"""A machine that is a virtual one, under QEMU, with a kernel of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import LabError
from ..machine import Bootable, Uplink
from . import booted
from .booted import Booted
from .channel import Channel
from .qemu import Qemu
from .system import System
from .virtual import BOOT_SECONDS, VirtualMachine


class VmMachine(VirtualMachine, Bootable):
    """Its disk lies above one that is never written to, and stays over shutdown, crash and reboot."""

    def __init__(
        self, name: str, base: Booted, system: System, namespace: Path, uplinks: Sequence[Uplink], work: Path
    ) -> None:
        """namespace: that of the switch, which has a tap with the uplink's name; work: an empty directory."""
        self.name, self.uplinks = name, tuple(uplinks)
        self._base, self._system, self._namespace, self._work = base, system, namespace, work
        self._qemu: Qemu | None = None

    def power_on(self) -> None:
        """Continue from the saved state of a booted machine, or boot one, without waiting."""
        (uplink,) = self.uplinks
        disk = self._work / "disk.qcow2"
        booted.overlay(self._base.disk, "qcow2", disk)
        tap = f"tap,ifname={uplink.wire},script=no,downscript=no,vnet_hdr=off"
        self._qemu = Qemu(self._work, self._base.kernel, disk, tap, uplink.mac, self._namespace, self._base.state)
        self._qmp = self._qemu.qmp
        self._channel = Channel(self.name, self._qemu.port, self.pace)

    def wait_until_up(self, timeout: float = BOOT_SECONDS) -> None:
        """Wait until it runs and has its own files, for `timeout` seconds times its pace. Raises LabError."""
        assert self._channel is not None
        timeout *= self.pace
        # halted at first, and again once the state is there
        if not self.hypervisor().wait_for_status("paused", "prelaunch", timeout=timeout):
            raise LabError(f"{self.name}: its state was not read in {timeout:g} s")
        self.hypervisor()("cont")
        if self._base.state is None:
            self._await_boot(0)
            return
        self._channel.set_clock()
        self._ready = True
        self.lay_out(self._system)

    def console(self) -> str:
        return booted.tail(self._qemu.console) if self._qemu else super().console()

    def close(self) -> None:
        """End the hypervisor."""
        self._ready, self._qmp = False, None
        if self._qemu is not None:
            self._qemu.close()
            self._qemu = None
        if self._channel is not None:
            self._channel.close()
            self._channel = None
