"""Named network namespaces (ip-netns(8)): identifying one, finding its processes and links, entering it."""

from __future__ import annotations

import os
import stat

from nsguard import paths
from nsguard.errors import NsguardError
from nsguard.system import files, process
from nsguard.system.contexts import contextmanager, nullcontext, suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

CLONE_NEWNET = 0x40000000  # linux/sched.h
# How the directory of names is called in lists of mounts.
_SOURCE = "nsguard"


def inode(name: str) -> int | None:
    """The inode of namespace `name`; None if there is no such namespace.

    Raises `NsguardError` if the file of that name is not a namespace, or if PID 1 sees another file or none there.
    """
    path = f"{paths.NETNS}/{name}"
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    # All namespaces are files of the same nsfs, so they have the same device number.
    if status.st_dev != os.stat(paths.OWN_NETNS).st_dev:
        raise NsguardError(f"{path} is a plain file, not a namespace; remove it")
    if _inode_for_init(name) not in (status.st_ino, None):
        raise NsguardError(f"{path} is not a namespace for PID 1; run nsguard without a private mount namespace")
    return status.st_ino


def _inode_for_init(name: str) -> int | None:
    """The inode that PID 1 sees under the name, 0 if none; None if this machine does not let root look."""
    try:
        return os.stat(f"{paths.NETNS_OF_INIT}/{name}").st_ino
    except FileNotFoundError:
        return 0
    except PermissionError:
        return None


def make_directory() -> None:
    """Make the directory of names a file system of its own, unless it is a mount or other programs have names in it.

    Otherwise ip-netns(8) binds the directory to itself, and each name is then two mounts, one of them hidden in /run.
    For each start of a sandbox, systemd copies all mounts of the host and unmounts those below /run one by one. If this
    mount fails, starts only take longer. In a directory that another program made, any user may hold the lock that
    ip-netns(8) waits for; then this raises `NsguardError`.
    """
    with suppress(FileExistsError):
        os.mkdir(paths.NETNS, files.OWN_MODE)  # never more, as in `files.make_own`
    with files.locked(paths.NETNS):  # as ip-netns(8) does before it binds the directory
        if _is_earlier_mount():
            os.chmod(paths.NETNS, files.OWN_MODE)
        if os.path.ismount(paths.NETNS) or os.listdir(paths.NETNS):
            return
        from nsguard.system import kernel

        flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
        with suppress(OSError):
            kernel.mount(_SOURCE, paths.NETNS, "tmpfs", flags, f"mode={files.OWN_MODE:o},size=1m")


def _is_earlier_mount() -> bool:
    """Whether the directory is a file system that an earlier version mounted, which any user could open."""
    if stat.S_IMODE(os.stat(paths.NETNS).st_mode) == files.OWN_MODE:
        return False
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
        return any(f" {paths.NETNS} " in line and f" - tmpfs {_SOURCE} " in line for line in mounts)


def hold(name: str, path: str) -> None:
    """Mount namespace `name` at `path` as well, until `release`, so that no other namespace gets its inode.

    The kernel gives the inode of a namespace that is gone to a later one. If somebody removed the name and made it
    again, the new namespace could pass for nsguard's, without any of its rules.
    """
    if os.path.ismount(path):
        if os.stat(path).st_ino == inode(name):
            return
        release(path)
    from nsguard.system import kernel

    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o444))
    kernel.mount(f"{paths.NETNS}/{name}", path, flags=kernel.MS_BIND)


def release(path: str) -> None:
    """Undo `hold`; nothing to undo is fine."""
    while os.path.ismount(path):
        from nsguard.system import kernel

        kernel.unmount(path)


def host_inode() -> int:
    """The inode of this process's network namespace, which is the host's unless it has entered another."""
    return os.stat(paths.OWN_NETNS).st_ino


def has_ipv6() -> bool:
    """Whether this kernel has IPv6."""
    return os.path.exists("/proc/sys/net/ipv6")


def processes(inode: int) -> list[int]:
    """PIDs of the processes whose network namespace has this inode, in ascending order."""
    pids = []
    for pid in os.listdir("/proc"):
        if pid.isdecimal():
            with suppress(OSError):  # the process ended meanwhile
                if os.stat(f"/proc/{pid}/ns/net").st_ino == inode:
                    pids.append(int(pid))
    return sorted(pids)


def has_link(name: str, link: str) -> bool:
    """Whether namespace `name` has a link of this name."""
    return link in links(name)


def links(name: str | None) -> set[str]:
    """The names of the links in namespace `name`, or in the host's if it is None."""
    with maybe_entered(name), open("/proc/net/dev", encoding="ascii", errors="replace") as devices:
        return {line.split(":")[0].strip() for line in devices if ":" in line}


def maybe_entered(name: str | None) -> AbstractContextManager[None]:
    """As `entered`; if `name` is None, this process stays in the host's namespace."""
    return nullcontext() if name is None else entered(name)


@contextmanager
def entered(name: str) -> Iterator[None]:
    """Within the body, this process and its children are in namespace `name`.

    The process must have one thread only. Signals do not interrupt the body (see `process`). Raises OSError.
    """
    with _coming_back(lambda: enter(name)), process.inside(name):
        yield


def enter(name: str) -> None:
    """Move this process into namespace `name` for good. Raises OSError."""
    descriptor = os.open(f"{paths.NETNS}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _setns(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def throwaway() -> Iterator[None]:
    """Within the body, this process and its children are in a new network namespace, which is gone afterwards."""
    from nsguard.system import kernel

    with _coming_back(lambda: kernel.unshare(CLONE_NEWNET)):
        yield


@contextmanager
def _coming_back(leave: Callable[[], None]) -> Iterator[None]:
    """Call `leave`, which moves this process into another network namespace; return to its own after the body."""
    home = os.open(paths.OWN_NETNS, os.O_RDONLY | os.O_CLOEXEC)
    try:
        leave()
        try:
            yield
        finally:
            _setns(home)
    finally:
        os.close(home)


def _setns(descriptor: int) -> None:
    if hasattr(os, "setns"):  # Python 3.12
        os.setns(descriptor, CLONE_NEWNET)
        return
    from nsguard.system import kernel

    kernel.setns(descriptor, CLONE_NEWNET)
