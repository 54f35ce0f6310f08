"""By system calls: families that no network namespace scopes, the other call table, and programs that give rights."""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

from ..attack import Attack, Env, Outcome

if TYPE_CHECKING:
    from ..lab.base import Lab

AF_VSOCK = 40
# int socket(int, int, int) by number 359 of the 32-bit table (arch/x86/entry/syscalls/syscall_32.tbl), which a
# 64-bit program reaches by int 0x80:
#   push rbx; mov eax, 359; mov ebx, edi; mov ecx, esi; int 0x80; pop rbx; ret
SOCKET_32 = bytes.fromhex("53 b867010000 89fb 89f1 cd80 5b c3")
SET_UID = "/var/cache/nsguard-leaktest-id"


class UnscopedFamily(Attack):
    """Claim: the service makes no socket of a family that network namespaces do not hold.

    Method: socket(2) of AF_VSOCK, which leads to the hypervisor and to listeners on the host; one made is a success.
    Limitations: nobody listens; from Linux 7.0 on net.vsock.child_ns_mode may close it as well.
    Source: vsock(7).
    """

    name = "unscoped-family"
    families = (0,)
    evidence = "answer"

    def run(self, env: Env) -> Outcome:
        with socket.socket(AF_VSOCK, socket.SOCK_STREAM):
            return Outcome(True, "made an AF_VSOCK socket")


class CompatSocket(Attack):
    """Claim: 32-bit system calls do not make sockets of families that the service is denied.

    Method: a few bytes of machine code call socket(2) by the 32-bit table, for AF_VSOCK; one made is a success.
    Limitations: x86-64, on a kernel with IA32 emulation.
    Source: systemd.exec(5), RestrictAddressFamilies= and SystemCallArchitectures=.
    """

    name = "compat-socket"
    families = (0,)
    evidence = "answer"

    def run(self, env: Env) -> Outcome:
        child = os.fork()  # a filter may answer with a signal
        if child == 0:
            made = False
            with suppress(OSError):  # where no memory may be executed that was written
                made = _socket_32(AF_VSOCK, socket.SOCK_STREAM, 0) >= 0
            os._exit(0 if made else 1)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            return Outcome(False, f"ended by signal {os.WTERMSIG(status)}")
        made = os.WEXITSTATUS(status) == 0
        return Outcome(made, "a 32-bit call made an AF_VSOCK socket" if made else "the 32-bit call failed")


class SetUid(Attack):
    """Claim: a set-uid program gives the service no other user's rights.

    Method: a copy of id(1) that is root's and set-uid; that it runs as root is a success.
    Limitations: programs with file capabilities are gained and lost by the same flag.
    Source: execve(2), PR_SET_NO_NEW_PRIVS (prctl(2)).
    """

    name = "set-uid"
    families = (0,)
    evidence = "answer"
    identities = ("user",)

    def before(self, lab: Lab) -> None:
        lab.client.succeed(f"install -m 4755 $(readlink -f $(command -v id)) {SET_UID}")

    def after(self, lab: Lab) -> None:
        lab.client.succeed(f"rm -f {SET_UID}")

    def run(self, env: Env) -> Outcome:
        # the name matters where all programs of the kind are one
        done = subprocess.run(["id", "-u"], executable=SET_UID, capture_output=True, text=True, check=True)
        return Outcome(done.stdout.strip() == "0", f"runs as user {done.stdout.strip()}")


def _socket_32(family: int, kind: int, protocol: int) -> int:
    code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(SOCKET_32)
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    call = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int)(address)
    made: int = call(family, kind, protocol)
    return made
