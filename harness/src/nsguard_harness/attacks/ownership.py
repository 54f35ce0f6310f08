"""What root owns without any capability: the kernel's own files, and the control groups of other units."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from ..attack import Attack, CannotApplyError, Env, Lacking, Outcome
from . import _tools
from ._ownkernel import CGROUPS, require_not_laid_over, require_own_kernel, writable

if TYPE_CHECKING:
    from ..lab.base import Lab

SHOWN = 4  # how many of the files that open are named
BYSTANDER = "nsguard-leaktest-bystander.service"


class _Owned(Attack):
    """Base of attacks that need root, and that report their success themselves."""

    families = (0,)
    evidence: ClassVar[Literal["wire", "answer"]] = "answer"
    identities = ("root",)


class KernelFiles(_Owned):
    """Claim: no file of the kernel's can be written, except the pressure files of the service's own control group.

    Method: open for writing, and write nothing, each file below /proc/sys, /sys (debugfs, tracefs and control groups
    with it) and those of /proc that set something. They are counted; one that opens is a success.
    Limitations: in a container the manager has laid most of them read-only; a kernel of the machine's own shows all.
    Source: proc(5), sysfs(5); systemd.exec(5), ProtectKernelTunables=, ProtectControlGroups=.
    """

    name = "kernel-files"
    timeout = 60.0  # its control opens some 27,000 files

    def run(self, env: Env) -> Outcome:
        opened = list(writable())
        named = ", ".join(opened[:SHOWN])
        return Outcome(bool(opened), f"{len(opened)} files open for writing{': ' if named else ''}{named}")


class CorePattern(_Owned):
    """Claim: the service can't have the kernel run a program of its own as the host's root when a process crashes.

    Method: leave a program in the service's runtime directory, name it in /proc/sys/kernel/core_pattern, crash; the
    kernel runs it outside every namespace, where it sends the token. The pattern is put back.
    Limitations: only where the machine has a kernel of its own.
    Source: core(5), piping core dumps to a program.
    """

    name = "core-pattern"
    evidence = "wire"
    alone = True
    pattern: ClassVar[Path] = Path("/proc/sys/kernel/core_pattern")

    def run(self, env: Env) -> Outcome:
        require_own_kernel(env)
        program = Path(os.environ["RUNTIME_DIRECTORY"].split(":")[0], "handler")
        interpreter, _, code = _tools.sender(env)
        program.write_text(f"{code}\n")
        before = self.pattern.read_text()
        try:
            self.pattern.write_text(f"|{interpreter} {program}")
            self._crash()
        finally:
            with suppress(OSError):
                self.pattern.write_text(before)
            program.unlink()
        return Outcome(True, "a process of the service crashed under a core pattern of its own")

    def _crash(self) -> None:
        """End a child by SIGSEGV; the kernel has run the program when the child is gone."""
        child = os.fork()
        if not child:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGSEGV)
            os._exit(0)
        os.waitpid(child, 0)


class _Written(_Owned):
    """Write a few bytes into a file of the kernel's. If the write succeeds, so does the attack; it is then undone.

    files: where a machine may have the file.
    """

    files: ClassVar[tuple[str, ...]]
    alone = True

    def words(self, before: str) -> str:
        """What to write, given what is there."""
        raise NotImplementedError

    def undo(self, before: str) -> str:
        """What to write to undo it; empty where nothing was changed."""
        return before

    def run(self, env: Env) -> Outcome:
        require_own_kernel(env)
        refusals = []
        for file in self.files:
            try:
                self._write(Path(file))
            except FileNotFoundError:
                continue
            except OSError as error:
                refusals.append(f"{file}: {error.strerror}")
            else:
                return Outcome(True, f"{file} took what was written")
        if not refusals:
            raise CannotApplyError(Lacking.MACHINE, f"the machine has no {self.files[0]}")
        return Outcome(False, "; ".join(refusals))

    def _write(self, path: Path) -> None:
        before = ""
        with suppress(OSError):
            before = path.read_text()
        _put(path, self.words(before))
        if put_back := self.undo(before):
            _put(path, put_back)


def _put(path: Path, text: str) -> None:
    """Write into a file that is there, and make none."""
    with open(path, "w", opener=lambda name, flags: os.open(name, flags & ~os.O_CREAT)) as file:
        file.write(text)


class SystemRequest(_Written):
    """Claim: the service can't command the kernel by its system request key, which resets the machine.

    Method: write `h`, which has the kernel log what there is to command, to /proc/sysrq-trigger.
    Limitations: only where the machine has a kernel of its own; nothing is reset.
    Source: sysrq (kernel documentation).
    """

    name = "system-request"
    files = ("/proc/sysrq-trigger",)

    def words(self, before: str) -> str:
        return "h"

    def undo(self, before: str) -> str:
        return ""


class ForeignFormat(_Written):
    """Claim: the service can't name a program that the host's processes run for files of some format.

    Method: register a format in /proc/sys/fs/binfmt_misc, and remove it.
    Limitations: only where the machine has a kernel of its own, and has mounted that file system.
    Source: binfmt_misc (kernel documentation).
    """

    name = "foreign-format"
    files = ("/proc/sys/fs/binfmt_misc/register",)
    entry: ClassVar[Path] = Path("/proc/sys/fs/binfmt_misc/nsguard-leaktest")

    def words(self, before: str) -> str:
        return f":{self.entry.name}:M::nsguard-leaktest::/bin/false:"

    def undo(self, before: str) -> str:
        self.entry.write_text("-1")
        return ""


class Tracing(_Written):
    """Claim: the service can't trace the kernel, and by it every process of the host.

    Method: write a probe's definition into tracefs, where the machine has it or in debugfs, and remove it.
    Limitations: only where the machine has a kernel of its own and one of them is mounted.
    Source: kprobetrace, ftrace (kernel documentation): debugfs mounts tracefs in itself when it is looked for there.
    """

    name = "tracing"
    files = ("/sys/kernel/tracing/kprobe_events", "/sys/kernel/debug/tracing/kprobe_events")

    def words(self, before: str) -> str:
        return "p:nsguard_leaktest vfs_read"

    def undo(self, before: str) -> str:
        return "\n"  # opening the file to write it anew takes every probe away


class HostNameSet(_Owned):
    """Claim: the service can't set the host's name, which the host announces on its network.

    Method: write another name to /proc/sys/kernel/hostname, and by sethostname(2); the old one is put back.
    Limitations: in a container the manager has laid the file read-only for the control.
    Source: sethostname(2), proc(5), uts_namespaces(7).
    """

    name = "host-name-set"
    alone = True
    file: ClassVar[Path] = Path("/proc/sys/kernel/hostname")

    def run(self, env: Env) -> Outcome:
        require_own_kernel(env)
        before = socket.gethostname()
        ways: dict[str, Callable[[str], object]] = {
            "sethostname": socket.sethostname,
            str(self.file): self.file.write_text,
        }
        reports = []
        for way, set_name in ways.items():
            try:
                set_name(env.token)
            except OSError as error:
                reports.append(f"{way}: {error.strerror}")
                continue
            set_name(before)
            return Outcome(True, f"{way} set the name")
        return Outcome(False, ", ".join(reports))


class OtherControlGroups(_Owned):
    """Claim: the service can't end, freeze or join other units by their control groups.

    Method: a bystander's unit runs; then write to its group: a child of this process as another member, frozen and
    thawed, ended. One taken is a success.
    Limitations: with the first version of control groups there is only the joining.
    Source: cgroups(7), cgroup-v2 (kernel documentation).
    """

    name = "other-control-groups"
    alone = True

    def before(self, lab: Lab) -> None:
        lab.client.succeed(f"systemd-run -q --unit={BYSTANDER} --collect sleep infinity")

    def after(self, lab: Lab) -> None:
        lab.client.succeed(f"systemctl stop {BYSTANDER} 2>/dev/null || true")  # it may have been ended

    def run(self, env: Env) -> Outcome:
        groups = [path for path in CGROUPS.glob(f"**/{BYSTANDER}") if path.is_dir()]
        reports = [f"{len(groups)} groups of the bystander in sight"]
        child = os.fork()
        if not child:
            signal.pause()
            os._exit(0)
        words = (("cgroup.procs", str(child)), ("cgroup.freeze", "1"), ("cgroup.freeze", "0"), ("cgroup.kill", "1"))
        try:
            taken = [
                f"{path}" for group in groups for name, text in words if _took(path := group / name, text, reports)
            ]
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        return Outcome(bool(taken), f"{', '.join(taken[:SHOWN])} took what was written" if taken else reports[-1])


def _took(path: Path, text: str, reports: list[str]) -> bool:
    try:
        path.write_text(text)
    except OSError as error:
        if path.exists():
            reports.append(f"{path}: {error.strerror}")
        return False
    return True


class NamespaceSettings(_Owned):
    """Claim: root in the service can't change its namespace's own settings, which could open ways out.

    Method: write what is there once more into accept_ra, route_localnet, disable_ipv6 and their kind of every link.
    Limitations: only whether they can be written; what each opens, others show.
    Source: ip-sysctl (kernel documentation).
    """

    name = "namespace-settings"
    settings = (
        *("ipv4/conf/{link}/route_localnet", "ipv4/conf/{link}/rp_filter", "ipv4/ip_nonlocal_bind", "ipv4/ip_forward"),
        *("ipv6/conf/{link}/accept_ra", "ipv6/conf/{link}/disable_ipv6", "ipv6/ip_nonlocal_bind"),
    )

    def run(self, env: Env) -> Outcome:
        report = ""
        for setting in self.settings:
            for link in ("all", "default", "lo", *_tools.interfaces()):
                path = Path("/proc/sys/net", setting.format(link=link))
                try:
                    path.write_text(path.read_text())
                except OSError as error:
                    require_not_laid_over(env, error)
                    report = f"{path}: {error.strerror}"
                else:
                    return Outcome(True, f"{path} took what was written")
        return Outcome(False, report)


class KernelLog(_Owned):
    """Claim: the kernel's log, which names the host's links, addresses and access points, can't be read.

    Method: syslog(2), SYSLOG_ACTION_READ_ALL, and a read of /dev/kmsg; an answer is a success.
    Limitations: a container's manager denies both; ordinary users are refused wherever dmesg_restrict is set.
    Source: syslog(2); dev-kmsg (kernel documentation).
    """

    name = "kernel-log"
    read_all: ClassVar[int] = 3  # SYSLOG_ACTION_READ_ALL

    def run(self, env: Env) -> Outcome:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.klogctl(self.read_all, ctypes.create_string_buffer(4096), 4096) > 0:
            return Outcome(True, "syslog(2) gave the kernel's log")
        reason = os.strerror(ctypes.get_errno())
        with suppress(OSError):
            descriptor = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
            if os.read(descriptor, 8192):
                return Outcome(True, "/dev/kmsg gave the kernel's log")
        require_own_kernel(env)
        return Outcome(False, f"syslog(2): {reason}")


class KernelModule(_Owned):
    """Claim: the service can't load a module into the kernel.

    Method: init_module(2) with bytes that are no module. A kernel that objects to the bytes would take a real module.
    Limitations: a container's manager denies it.
    Source: init_module(2).
    """

    name = "kernel-module"
    refused: ClassVar[frozenset[int]] = frozenset({1, 38})  # EPERM, ENOSYS

    def run(self, env: Env) -> Outcome:
        libc = ctypes.CDLL(None, use_errno=True)
        number = {"x86_64": 175, "aarch64": 105}[os.uname().machine]
        libc.syscall(number, b"no module", ctypes.c_size_t(9), b"")
        error = ctypes.get_errno()
        if error in self.refused:
            require_own_kernel(env)
        return Outcome(error not in self.refused, f"init_module: {os.strerror(error)}")


class Clock(_Owned):
    """Claim: the service can't set the host's clock, which would make certificates and handshakes invalid.

    Method: clock_adjtime(2) with an offset of zero, which needs the same right as any other.
    Limitations: a container's manager denies it.
    Source: adjtimex(2).
    """

    name = "clock"

    def run(self, env: Env) -> Outcome:
        libc = ctypes.CDLL(None, use_errno=True)
        # ADJ_OFFSET_SINGLESHOT, of 0 microseconds
        timex = ctypes.create_string_buffer((0x8001).to_bytes(4, sys.byteorder), 512)
        if libc.adjtimex(timex) >= 0:
            return Outcome(True, "adjtimex(2) was taken")
        error = os.strerror(ctypes.get_errno())
        require_own_kernel(env)
        return Outcome(False, f"adjtimex: {error}")
