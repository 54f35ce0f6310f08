"""Other processes of the machine: what /proc shows of them, and what can be taken from them."""

from __future__ import annotations

import ctypes
import os
import resource
import shlex
import signal
import socket
from typing import TYPE_CHECKING, ClassVar

from ..attack import Attack, Env, Outcome
from ._processes import descriptors, elsewhere, numbers, ordinary_user

if TYPE_CHECKING:
    from ..lab.base import Lab

PIDFD_GETFD = 438  # asm-generic/unistd.h, the same on x86-64 and arm64
PTRACE_ATTACH = 16  # linux/ptrace.h
PTRACE_DETACH = 17


BYSTANDER = """
import signal, socket
from nsguard_harness.inside.notify import ready
kept = socket.socket(type=socket.SOCK_DGRAM)
ready()
signal.pause()
"""
# The priority of a bystander, which no other process has.
BYSTANDER_NICE = 13


class ProcNet(Attack):
    """Claim: /proc does not show the host's addresses and routes.

    Method: read /proc/PID/net/fib_trie and if_inet6 of every process number, and look for the uplink's address.
    Limitations: process numbers up to the newest.
    Source: proc(5), network_namespaces(7).
    """

    name = "proc-net"
    evidence = "answer"

    def run(self, env: Env) -> Outcome:
        address = env.addresses.client.of(env.family)
        file = "fib_trie" if env.family == 4 else "if_inet6"
        needle = address if env.family == 4 else socket.inet_pton(socket.AF_INET6, address).hex()
        for pid in numbers():
            try:
                with open(f"/proc/{pid}/net/{file}", encoding="ascii") as shown:
                    if needle in shown.read():
                        return Outcome(True, f"/proc/{pid}/net/{file} shows {address}")
            except OSError:
                continue
        return Outcome(False, "no process in sight has the uplink's address")


class _OfABystander(Attack):
    """Base of attacks on another process: a bystander of the same user, with an internet socket, runs meanwhile."""

    families = (0,)
    evidence = "answer"

    def before(self, lab: Lab) -> None:
        for user, name in (("root", "root"), (ordinary_user(lab), "user")):
            unit = f"--unit=nsguard-bystander-{name}-{self.name} --uid={user} --service-type=notify --collect"
            unit += f" --nice={BYSTANDER_NICE}"
            library = f"--setenv=PYTHONPATH={lab.peer.library}"
            lab.client.succeed(f"systemd-run -q {unit} {library} python3 -c {shlex.quote(BYSTANDER)}")

    def after(self, lab: Lab) -> None:
        lab.client.succeed(f"systemctl stop 'nsguard-bystander-*-{self.name}.service'")


class TakeSocket(_OfABystander):
    """Claim: no socket can be taken from a process of the host, not even from one of the same user.

    Method: for every process number pidfd_open(2) and pidfd_getfd(2) of descriptors 0 to 63; an internet socket of
    another service's process is a success.
    Limitations: process numbers up to the newest; yama's ptrace_scope would close it as well where that is on.
    Source: pidfd_getfd(2).
    """

    name = "take-socket"

    def run(self, env: Env) -> Outcome:
        libc = ctypes.CDLL(None, use_errno=True)
        for pid, process in descriptors():
            for number in range(64):
                taken = libc.syscall(PIDFD_GETFD, process, number, 0)
                if taken >= 0 and _is_internet_socket(taken):
                    return Outcome(True, f"took descriptor {number} of process {pid}")
        return Outcome(False, "nothing could be taken")


class Trace(_OfABystander):
    """Claim: no process of the host can be traced, not even one of the same user.

    Method: ptrace(2) PTRACE_ATTACH to every process number; one of another service is a success.
    Limitations: process numbers up to the newest; yama's ptrace_scope would close it as well where that is on.
    Source: ptrace(2).
    """

    name = "trace"

    def run(self, env: Env) -> Outcome:
        libc = ctypes.CDLL(None, use_errno=True)
        for pid in filter(elsewhere, numbers()):
            if libc.ptrace(PTRACE_ATTACH, pid, None, None) == 0:
                os.waitpid(pid, 0)
                # looked at again now that it is stopped: before, a process of ours may have just started or ended
                theirs = elsewhere(pid)
                # fails for a process that ended meanwhile: whether it was one of ours cannot be seen any more
                if libc.ptrace(PTRACE_DETACH, pid, None, None) == 0 and theirs:
                    return Outcome(True, f"attached to process {pid}")
        return Outcome(False, "no process could be traced")


class _Controlled(_OfABystander):
    """Do something to a bystander, which is known by its priority: /proc need not show it."""

    done: ClassVar[str]

    def control(self, pid: int) -> None:
        """Raises OSError where that is denied."""
        raise NotImplementedError

    def run(self, env: Env) -> Outcome:
        for pid in numbers():
            try:
                if os.getpriority(os.PRIO_PROCESS, pid) != BYSTANDER_NICE:
                    continue
                self.control(pid)
            except OSError:
                continue
            return Outcome(True, f"{self.done} process {pid}")
        return Outcome(False, "no process could be reached")


class SignalOutside(_Controlled):
    """Claim: no process of the host gets a signal from the service, not even one of the same user.

    Method: kill(2) with SIGURG, which a process ignores unless it waits for it.
    Limitations: process numbers up to the newest.
    Source: kill(2), pid_namespaces(7).
    """

    name = "signal-outside"
    done = "signalled"

    def control(self, pid: int) -> None:
        os.kill(pid, signal.SIGURG)


class LimitsOutside(_Controlled):
    """Claim: the service sets no limits, priority or processors of a process of the host, not even of the same user.

    Method: prlimit(2), setpriority(2) and sched_setaffinity(2), each with what is set already.
    Limitations: process numbers up to the newest; the scheduler's and the disk's priorities have the same rule.
    Source: prlimit(2), setpriority(2), sched_setaffinity(2), pid_namespaces(7).
    """

    name = "limits-outside"
    done = "set limits, priority or processors of"

    def control(self, pid: int) -> None:
        ways = (
            lambda: resource.prlimit(pid, resource.RLIMIT_CORE, resource.prlimit(pid, resource.RLIMIT_CORE)),
            lambda: os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, pid)),
            lambda: os.sched_setaffinity(pid, os.sched_getaffinity(pid)),
        )
        denied = 0
        for way in ways:
            try:
                way()
            except OSError:
                denied += 1
        if denied == len(ways):
            raise PermissionError(f"process {pid}")


def _is_internet_socket(descriptor: int) -> bool:
    try:
        with socket.socket(fileno=descriptor) as taken:
            return taken.family in (socket.AF_INET, socket.AF_INET6)
    except OSError:
        return False
