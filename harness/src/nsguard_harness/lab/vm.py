"""A machine that is a virtual one, under QEMU, with a kernel of its own."""

from __future__ import annotations

import io
import tarfile
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ..errors import LabError
from ..machine import Bootable, Completed, Uplink
from . import booted
from .booted import BOOT_SECONDS, Booted
from .channel import Channel
from .qemu import NETDEV, Qemu
from .system import System

STOP_SECONDS = 120.0


class VmMachine(Bootable):
    """Its disk lies above one that is never written to, and stays over shutdown, crash and reboot.

    QEMU runs for as long as the machine exists: one that is shut down or crashed stands still in it, so that a capture
    goes on across a boot.
    """

    def __init__(
        self, name: str, base: Booted, system: System, namespace: Path, uplinks: Sequence[Uplink], work: Path
    ) -> None:
        """namespace: that of the switch, which has a tap with the uplink's name; work: an empty directory."""
        self.name, self.uplinks = name, tuple(uplinks)
        self._base, self._system, self._namespace, self._work = base, system, namespace, work
        self._qemu: Qemu | None = None
        self._channel: Channel | None = None
        self._ready = False

    def launch(self) -> None:
        """Go on from where a machine had booted, without waiting."""
        (uplink,) = self.uplinks
        disk = self._work / "disk.qcow2"
        booted.overlay(self._base.disk, "qcow2", disk)
        tap = f"tap,ifname={uplink.wire},script=no,downscript=no,vnet_hdr=off"
        self._qemu = Qemu(self._work, self._base.kernel, disk, tap, uplink.mac, self._namespace, self._base.state)
        self._channel = Channel(self.name, self._qemu.port)

    def wait_until_up(self, timeout: float = BOOT_SECONDS) -> None:
        """Wait until it runs, and lay out what is its own. Raises LabError."""
        assert self._qemu is not None
        assert self._channel is not None
        # halted at first, and again once the state is there
        if not self._qemu.qmp.wait_for_status("paused", "prelaunch", timeout=timeout):
            raise LabError(f"{self.name}: its state was not read in {timeout:g} s")
        self._qemu.qmp("cont")
        self._channel.set_clock()
        self._ready = True
        with tempfile.TemporaryDirectory(dir=self._work) as scratch, io.BytesIO() as packed:
            self._system.lay_out(Path(scratch))
            with tarfile.open(fileobj=packed, mode="w") as archive:
                archive.add(scratch, "/")
            unpack = "tar -x -C / --no-same-owner --keep-directory-symlink --no-overwrite-dir"
            done = self.run(f"{unpack} && systemctl daemon-reload", None, packed.getvalue())
        if done.status:
            raise LabError(f"{self.name}: its files could not be laid out: {done.errors.strip()[-300:]}")
        # what it would have started with, had it booted with these files
        self.succeed("systemctl start multi-user.target", timeout=timeout)

    def start(self) -> None:
        if self._qemu is None or self._channel is None or self._ready:
            raise LabError(f"{self.name}: cannot be started; it is up, or was never launched")
        before = self._channel.boots
        self._qemu.qmp("system_reset")
        self._qemu.qmp("cont")
        self._await_boot(before)

    def _await_boot(self, before: int) -> None:
        assert self._qemu is not None
        assert self._channel is not None
        if not self._channel.wait_for_boot(before, BOOT_SECONDS):
            raise LabError(f"{self.name}: did not boot in {BOOT_SECONDS:g} s: {booted.tail(self._qemu.console)}")
        self._ready = True
        booted.await_default_target(self.run, BOOT_SECONDS)

    def reboot(self) -> None:
        channel = self._up()
        before = channel.boots
        channel.spawn("systemctl reboot")
        self._ready = False
        self._await_boot(before)

    def shutdown(self) -> None:
        self._up().spawn("systemctl poweroff")
        self.wait_for_shutdown(STOP_SECONDS)

    def wait_for_shutdown(self, timeout: float = 60) -> None:
        if self._qemu is None:
            return
        if not self._qemu.qmp.wait_for_status("shutdown", timeout=timeout):
            raise LabError(f"{self.name}: was still up after {timeout:g} s: {booted.tail(self._qemu.console)}")
        self._gone()

    def crash(self) -> None:
        if self._qemu is not None and self._ready:
            self._qemu.qmp("stop")
            self._gone()

    def _gone(self) -> None:
        self._ready = False
        if self._channel is not None:
            self._channel.drop("it is not up any more")

    def close(self) -> None:
        """End the hypervisor."""
        self._ready = False
        if self._qemu is not None:
            self._qemu.close()
            self._qemu = None
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def is_up(self) -> bool:
        return self._ready and self._qemu is not None and self._qemu.process.poll() is None

    def _up(self) -> Channel:
        self.require_up()
        assert self._channel is not None
        return self._channel

    def run(self, command: str, timeout: float | None = None, stdin: bytes = b"") -> Completed:
        return self._up().run(command, timeout, stdin)

    def spawn(self, command: str) -> None:
        self._up().spawn(command)

    def read(self, path: str) -> bytes:
        return self._up().read(path)

    def ask(self, path: str, line: bytes, timeout: float) -> bytes:
        return self._up().ask(path, line, timeout)

    def hypervisor(self) -> Qemu:
        """Raises LabError when it does not run."""
        if self._qemu is None or self._qemu.process.poll() is not None:
            raise LabError(f"{self.name}: its hypervisor does not run")
        return self._qemu


class Recording:
    """Every frame of the uplink as the hypervisor hands it on (qemu(1), filter-dump), which loses none."""

    def __init__(self, machine: VmMachine) -> None:
        self._machine, self._name = machine, f"recording-{time.monotonic_ns()}"

    def start(self, path: Path) -> None:
        record = {"qom-type": "filter-dump", "id": self._name, "netdev": NETDEV, "file": str(path)}
        self._machine.hypervisor().qmp("object-add", **record)

    def check(self) -> None:
        self._machine.hypervisor()

    def stop(self) -> int:
        self._machine.hypervisor().qmp("object-del", id=self._name)
        return 0
