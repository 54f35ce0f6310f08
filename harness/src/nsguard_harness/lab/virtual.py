"""What virtual machines have in common: an agent at a serial port, and a hypervisor that obeys QMP."""

from __future__ import annotations

import io
import tarfile
import tempfile
import time
from pathlib import Path

from ..errors import LabError
from ..machine import Completed, Machine
from .channel import Channel
from .qemu import Qmp
from .system import System

BOOT_SECONDS = 300.0
STOP_SECONDS = 120.0


class VirtualMachine(Machine):
    """The hypervisor runs on while the machine is down, so that a recording of its frames outlasts crash and boot."""

    _channel: Channel | None = None
    own_kernel = True
    _qmp: Qmp | None = None
    _ready = False
    # as a lab's: how many times longer it may take to boot, and to answer
    pace: float = 1.0

    def hypervisor(self) -> Qmp:
        """Raises LabError when there is none."""
        if self._qmp is None:
            raise LabError(f"{self.name}: its hypervisor does not run")
        return self._qmp

    def lay_out(self, system: System, units: str = "/etc/systemd/system") -> None:
        """Lay out files of a system on the machine that runs, and start what it would have started with them.

        units: where unit files go that the system has in /etc/systemd/system. Raises LabError.
        """
        with tempfile.TemporaryDirectory() as scratch, io.BytesIO() as packed:
            system.lay_out(Path(scratch))
            own = Path(scratch, "etc/systemd/system")
            if units != "/etc/systemd/system" and own.exists():
                elsewhere = Path(scratch, units.lstrip("/"))
                elsewhere.parent.mkdir(parents=True, exist_ok=True)
                own.rename(elsewhere)
            with tarfile.open(fileobj=packed, mode="w:gz") as archive:
                archive.add(scratch, "/")
            unpack = "tar -xz -C / --no-same-owner --keep-directory-symlink --no-overwrite-dir"
            done = self.run(f"{unpack} && systemctl daemon-reload", None, packed.getvalue())
        if done.status:
            raise LabError(f"{self.name}: its files could not be laid out: {done.errors.strip()[-300:]}")
        self.succeed("systemctl start multi-user.target", timeout=BOOT_SECONDS * self.pace)

    def start(self) -> None:
        if self._channel is None or self._ready:
            raise LabError(f"{self.name}: cannot be started; it is up, or was never powered on")
        before = self._channel.boots
        self.hypervisor()("system_reset")
        self.hypervisor()("cont")
        self._await_boot(before)

    def reboot(self) -> None:
        channel = self._up()
        before = channel.boots
        channel.spawn("systemctl reboot")
        self._gone()
        self._await_boot(before)

    def _await_boot(self, before: int) -> None:
        assert self._channel is not None
        seconds = BOOT_SECONDS * self.pace
        if not self._channel.wait_for_boot(before, seconds):
            raise LabError(f"{self.name}: did not boot in {seconds:g} s: {self.console()}")
        self._ready = True
        await_default_target(self._channel, seconds)

    def shutdown(self) -> None:
        self._up().spawn("systemctl poweroff")
        self.wait_for_shutdown(STOP_SECONDS * self.pace)

    def wait_for_shutdown(self, timeout: float = 60) -> None:
        if not self.hypervisor().wait_for_status("shutdown", timeout=timeout):
            raise LabError(f"{self.name}: was still up after {timeout:g} s: {self.console()}")
        self._gone()

    def crash(self) -> None:
        if self._qmp is not None and self._ready:
            self._qmp("stop")
            self._gone()

    def _gone(self) -> None:
        self._ready = False
        if self._channel is not None:
            self._channel.drop("it is not up any more")

    def console(self) -> str:
        """The last lines of its console, where they are kept."""
        return "its console is not kept"

    def is_up(self) -> bool:
        return self._ready

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


def await_default_target(channel: Channel, timeout: float = BOOT_SECONDS) -> None:
    """Wait until a machine has started everything; units that failed do not matter here."""
    channel.run("systemctl is-system-running --wait || true", timeout)


class Recording:
    """Every frame of the uplink as the hypervisor hands it on (qemu(1), filter-dump), which loses none."""

    def __init__(self, machine: VirtualMachine, netdev: str) -> None:
        """netdev: the uplink's, by its name in the hypervisor."""
        self._machine, self._netdev, self._name = machine, netdev, f"recording-{time.monotonic_ns()}"

    def start(self, path: Path) -> None:
        record = {"qom-type": "filter-dump", "id": self._name, "netdev": self._netdev, "file": str(path)}
        self._machine.hypervisor()("object-add", **record)

    def check(self) -> None:
        self._machine.hypervisor()("query-status")

    def stop(self) -> int:
        self._machine.hypervisor()("object-del", id=self._name)
        return 0
