"""Handles on other processes and their sockets: what the kernel or another process gives to whoever may ask."""

from __future__ import annotations

import ctypes
import errno
import os
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress

from ..attack import Attack, Env, Outcome
from . import _tools
from ._processes import descriptors, elsewhere, numbers
from ._standins import MARK, Daemon, WithStandins, connected
from ._tools import CLONE_NEWNET

# asm-generic/unistd.h for arm64, arch/x86/entry/syscalls/syscall_64.tbl
KCMP = {"x86_64": 312, "aarch64": 272}
KCMP_VM = 1  # linux/kcmp.h
# loaded once, not for each of thousands of process numbers
LIBC = ctypes.CDLL(None, use_errno=True)
ENDING_SECONDS = 0.3  # until the end of a process that has left its control group shows


class _Given(Daemon):
    """A process outside hands over a socket of the host's; whoever has it sends from the host."""

    gives = True

    def run(self, env: Env) -> Outcome:
        with connected(self.path, patience=env.patience) as giver:
            giver.send(b"please")
            _, descriptors, _, _ = socket.recv_fds(giver, 16, 1)
        for descriptor in descriptors:
            with socket.socket(fileno=descriptor) as udp:
                udp.send(_tools.payload(env))
        return Outcome(bool(descriptors), f"{self.path} gave {len(descriptors)} descriptors")


class GivenByPath(_Given):
    """Claim: no process outside can hand its sockets to the service by a path in /tmp.

    Method: a stand-in gives a UDP socket to whoever connects (SCM_RIGHTS); send the token by it.
    Limitations: a directory that the service shares with unconfined programs on purpose remains a way.
    Source: unix(7), SCM_RIGHTS; network_namespaces(7): a socket keeps the namespace it was made in.
    """

    name = "given-by-path"
    path = "/tmp/nsguard-leaktest-giver"


class GivenByName(_Given):
    """Claim: no process outside can hand its sockets to the service by an abstract name.

    Method: as given-by-path, by a name in the abstract namespace.
    Limitations: as given-by-path.
    Source: unix(7), abstract sockets.
    """

    name = "given-by-name"
    path = "@nsguard-leaktest-giver"


class PidfdSetns(Attack):
    """Claim: root in the service can't enter another process's namespaces by a descriptor of the process.

    Method: pidfd_open(2) of every process number, setns(2) with CLONE_NEWNET, and send from each namespace: the first
    may be one that has no way to the network.
    Limitations: process numbers up to the newest; needs CAP_SYS_ADMIN, so root only.
    Source: setns(2), since Linux 5.8.
    """

    name = "pidfd-setns"
    families = (0,)
    identities = ("root",)

    def run(self, env: Env) -> Outcome:
        report = "no process in sight"
        entered: dict[int, int] = {}
        for pid, process in descriptors():
            if LIBC.setns(process, CLONE_NEWNET):
                report = f"process {pid}: {os.strerror(ctypes.get_errno())}"
                continue
            namespace = os.stat("/proc/thread-self/ns/net").st_ino
            if namespace not in entered:
                entered[namespace] = pid
                with suppress(OSError):
                    _tools.send_udp(env, _tools.lan(env))
        if entered:
            return Outcome(True, f"entered those of processes {', '.join(map(str, entered.values()))}")
        return Outcome(False, report)


class _OfAProcess(WithStandins):
    """Something that /proc shows of each process; a stand-in's process of the same user is the one to be seen."""

    def run(self, env: Env) -> Outcome:
        for pid in filter(elsewhere, numbers()):
            for report in self.look(pid):
                return Outcome(True, report)
        return Outcome(False, "nothing of a process outside is in sight")

    def look(self, pid: int) -> Iterator[str]:
        """A report for each thing that a process shows; none when the process is out of reach."""
        raise NotImplementedError


class ProcCommand(_OfAProcess):
    """Claim: the host's processes and their arguments, which may name addresses and servers, can't be listed.

    Method: read /proc/PID/cmdline of every process number.
    Limitations: process numbers up to the newest.
    Source: proc(5), hidepid; systemd.exec(5), ProtectProc=.
    """

    name = "proc-command"

    def look(self, pid: int) -> Iterator[str]:
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if line := file.read():
                    words = line.replace(b"\0", b" ").decode(errors="replace").split()
                    yield f"process {pid} is {' '.join(words)[:60]}"
        except OSError:
            return


class ProcEnvironment(_OfAProcess):
    """Claim: the environment of the host's processes, with its addresses of buses and agents, can't be read.

    Method: read /proc/PID/environ of every process number; the stand-in's is a success.
    Limitations: process numbers up to the newest.
    Source: proc(5).
    """

    name = "proc-environment"

    def look(self, pid: int) -> Iterator[str]:
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if f"NOTE={MARK}".encode() in file.read():
                    yield f"process {pid} has the note in its environment"
        except OSError:
            return


class ProcDescriptors(_OfAProcess):
    """Claim: files that the host's processes have open can't be opened again.

    Method: open /proc/PID/fd/* of every process number; the stand-in's file in memory is a success.
    Limitations: sockets can't be opened this way, see take-socket; process numbers up to the newest.
    Source: proc(5), /proc/PID/fd.
    """

    name = "proc-descriptors"

    def look(self, pid: int) -> Iterator[str]:
        try:
            for number in os.listdir(f"/proc/{pid}/fd"):
                path = f"/proc/{pid}/fd/{number}"
                if MARK in os.readlink(path) and "memfd" in os.readlink(path):
                    with open(path, "rb") as file:
                        yield f"{path}: {file.read(40).decode()}"
        except OSError:
            return


class ProcRoot(_OfAProcess):
    """Claim: another process's view of the files, where nothing is hidden, can't be borrowed.

    Method: connect to avahi's socket as /proc/PID/root/run/avahi-daemon/socket for every process number.
    Limitations: process numbers up to the newest; one socket stands for all.
    Source: proc(5), /proc/PID/root.
    """

    name = "proc-root"

    def run(self, env: Env) -> Outcome:
        for pid in filter(elsewhere, numbers()):
            path = f"/proc/{pid}/root/run/avahi-daemon/socket"
            try:
                with connected(path, patience=env.patience) as daemon:
                    daemon.sendall(_tools.payload(env))
                    return Outcome(bool(daemon.recv(200)), f"{path} answered")
            except OSError:
                continue
        return Outcome(False, "no other root in sight")


class ProcessMemory(_OfAProcess):
    """Claim: the memory of the host's processes can't be read.

    Method: process_vm_readv(2) of address 0 in every process number: only who may read is told that it is unmapped.
    Limitations: process numbers up to the newest; yama's ptrace_scope would close it as well where that is on.
    Source: process_vm_readv(2).
    """

    name = "process-memory"

    def look(self, pid: int) -> Iterator[str]:
        space = ctypes.create_string_buffer(8)
        here = (ctypes.c_void_p * 2)(ctypes.addressof(space), 8)  # struct iovec
        there = (ctypes.c_void_p * 2)(0, 8)
        flags = ctypes.c_ulong(0)
        count = ctypes.c_ulong(1)

        def readable() -> bool:
            done = LIBC.process_vm_readv(pid, here, count, there, count, flags) >= 0
            return bool(done or ctypes.get_errno() == errno.EFAULT)

        if _alive_elsewhere(pid, readable):
            yield f"the memory of process {pid} can be read"


class CompareProcesses(_OfAProcess):
    """Claim: what the host's processes have in common can't be asked of the kernel.

    Method: kcmp(2) of this process's memory and that of every process number; an answer is a success.
    Limitations: process numbers up to the newest; x86-64 and arm64.
    Source: kcmp(2).
    """

    name = "compare-processes"

    def look(self, pid: int) -> Iterator[str]:
        number = KCMP[os.uname().machine]
        if _alive_elsewhere(pid, lambda: bool(LIBC.syscall(number, os.getpid(), pid, KCMP_VM, 0, 0) >= 0)):
            yield f"process {pid} can be compared"


def _alive_elsewhere(pid: int, reached: Callable[[], bool]) -> bool:
    """Whether a process was reached and is no process of ours that is ending: it is alive ENDING_SECONDS later."""
    try:
        process = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        return reached() and elsewhere(pid) and not select.select([process], [], [], ENDING_SECONDS)[0]
    finally:
        os.close(process)
