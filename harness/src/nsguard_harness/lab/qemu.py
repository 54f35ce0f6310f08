"""QEMU: a process with one disk, one network card and one serial port for the machine's agent, run by QMP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..errors import LabError

PROGRAM = "qemu-system-x86_64"
REMEDY = "`make deps-vm` installs QEMU and e2fsprogs on Debian, `nix shell nixpkgs#qemu nixpkgs#e2fsprogs` has them"
# In the machine: /dev/virtio-ports/NAME
PORT = "nsguard.resident"
NETDEV = "uplink"
MEMORY_MIB = 1024
KVM = ("-accel", "kvm", "-cpu", "host")
# the oldest x86-64: the instructions with which newer ones copy and save faster are slow when emulated
EMULATION = ("-accel", "tcg,thread=multi", "-cpu", "qemu64")
EMULATED_PACE = 4.0  # how many times longer an emulated machine takes
PROBE_SECONDS = 20.0
DEADLINE_SECONDS = 30.0
# One frame for each segment, with its checksum, as a real wire would carry it.
OFFLOADS = ("csum", "gso", "guest_csum", "guest_tso4", "guest_tso6", "guest_ecn", "guest_ufo")
HOST_OFFLOADS = ("host_tso4", "host_tso6", "host_ecn", "host_ufo", "mrg_rxbuf")


@cache
def acceleration(kernel: Path) -> tuple[str, ...]:
    """The options for KVM where it works, else for emulation.

    Tried by booting a kernel without a disk, once: it panics, and the machine ends. A device file alone says nothing.
    """
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return EMULATION
    command = [PROGRAM, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", *KVM, "-m", "512"]
    command += ["-kernel", str(kernel), "-append", "panic=-1"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_SECONDS)
    except (subprocess.TimeoutExpired, FileNotFoundError):
        return EMULATION
    return KVM if done.returncode == 0 else EMULATION


def pace(kernel: Path) -> float:
    """How many times longer a machine with that kernel takes here than one of a lab in containers."""
    return 1.0 if acceleration(kernel) == KVM else EMULATED_PACE


def version() -> str:
    """QEMU's own line; raises LabError where QEMU is missing."""
    try:
        output = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise LabError(f"vm: there is no {PROGRAM}; {REMEDY}") from error
    return output.splitlines()[0]


@dataclass(frozen=True)
class Kernel:
    """A kernel that QEMU boots without a boot loader."""

    image: Path
    initrd: Path
    command_line: str


class Qmp:
    """QEMU's machine protocol (docs/interop/qmp-spec): one command at a time, events passed over."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(DEADLINE_SECONDS)
        self._socket.connect(str(path))
        self._stream = self._socket.makefile("rwb")
        self._stream.readline()  # the greeting
        self("qmp_capabilities")

    def __call__(self, command: str, **arguments: Any) -> Any:
        """Run a command; raises LabError with QEMU's words."""
        try:
            with self._lock:
                answer = self._answer(json.dumps({"execute": command, "arguments": arguments}).encode())
        except OSError as error:
            raise LabError(f"qemu: {command}: {error.strerror or error}") from error
        if "error" in answer:
            raise LabError(f"qemu: {command}: {answer['error']['desc']}")
        return answer["return"]

    def _answer(self, request: bytes) -> Any:
        self._stream.write(request + b"\n")
        self._stream.flush()
        while line := self._stream.readline():
            answer = json.loads(line)
            if "error" in answer or "return" in answer:
                return answer
        raise ConnectionResetError("it hung up")

    def wait_for_status(self, *states: str, timeout: float = DEADLINE_SECONDS) -> bool:
        """Whether the machine comes to be in one of these run states within so many seconds."""
        deadline = time.monotonic() + timeout
        while self("query-status")["status"] not in states:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def close(self) -> None:
        """Hang up."""
        self._stream.close()
        self._socket.close()


class Qemu:
    """A running QEMU. A context manager, which ends it."""

    def __init__(
        self,
        directory: Path,
        kernel: Kernel,
        disk: Path,
        netdev: str,
        mac: str,
        namespace: Path | None = None,
        state: Path | None = None,
    ) -> None:
        """Start it, halted.

        directory: for its sockets and console; disk: a qcow2 image; netdev: a kind with its options;
        namespace: the network namespace to run in; state: what `save` wrote, to continue from. Raises LabError.
        """
        self.console, self._directory = directory / "console", directory
        off = ",".join(f"{feature}=off" for feature in OFFLOADS + HOST_OFFLOADS)
        self.command = [
            *(["nsenter", f"--net={namespace}"] if namespace else []),
            *("setpriv", "--pdeathsig", "KILL", PROGRAM, "-nodefaults", "-no-user-config", "-display", "none"),
            *(
                *acceleration(kernel.image),
                "-smp",
                "2",
                "-m",
                str(MEMORY_MIB),
                "-rtc",
                "base=utc,clock=host",
                "-S",
                "-no-shutdown",
            ),
            *("-serial", f"file:{self.console}", "-qmp", f"unix:{directory / 'qmp'},server=on,wait=off"),
            *("-drive", f"if=none,id=disk,file={disk},format=qcow2,cache=unsafe,discard=unmap"),
            *("-device", "virtio-blk-pci,drive=disk", "-device", "virtio-rng-pci", "-device", "vmgenid,guid=auto"),
            *("-netdev", f"{netdev},id={NETDEV}"),
            *("-device", f"virtio-net-pci,netdev={NETDEV},mac={mac},romfile=,{off}"),
            *(
                "-device",
                "virtio-serial-pci",
                "-chardev",
                f"socket,id=port,path={directory / 'port'},server=on,wait=off",
            ),
            *("-device", f"virtserialport,chardev=port,name={PORT}"),
            *("-kernel", str(kernel.image), "-initrd", str(kernel.initrd), "-append", kernel.command_line),
            *(["-incoming", f"exec:cat {state}"] if state else []),
        ]
        errors = directory / "errors"
        with errors.open("wb") as stderr:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, start_new_session=True
            )
        try:
            self._wait_for_sockets(errors)
            self.qmp = Qmp(directory / "qmp")
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def _wait_for_sockets(self, errors: Path) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not all((self._directory / name).exists() for name in ("qmp", "port")):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise LabError(f"qemu: did not start: {' | '.join(errors.read_text().strip().splitlines()[-3:])}")
            time.sleep(0.01)

    @property
    def port(self) -> Path:
        """The socket that leads to the machine's agent."""
        return self._directory / "port"

    def save(self, state: Path) -> None:
        """Write the halted machine's state to a file; raises LabError."""
        self.qmp("migrate", uri=f"exec:cat > {state}")
        deadline = time.monotonic() + 4 * DEADLINE_SECONDS
        while (status := self.qmp("query-migrate").get("status")) != "completed":
            if status in ("failed", "cancelled") or time.monotonic() > deadline:
                raise LabError(f"qemu: the machine's state could not be saved: {status}")
            time.sleep(0.05)

    def close(self) -> None:
        """End QEMU; more than one call does no harm."""
        if self.process.poll() is None:
            self.qmp.close()
            self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
