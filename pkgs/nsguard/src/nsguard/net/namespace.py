"""Named network namespaces (ip-netns(8)): which is it, who is in it, going in."""

import contextlib
import os
from collections.abc import Iterator

from nsguard import paths
from nsguard.errors import NsguardError
from nsguard.system import process

CLONE_NEWNET = 0x40000000  # linux/sched.h


def inode(name: str) -> int | None:
    """The inode of the namespace called `name`, as PID 1 sees it too; None if there is no such name.

    Raises `NsguardError` if what has the name is no namespace, or one that only this process's mounts show.
    """
    path = f"{paths.NETNS}/{name}"
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    # All namespaces are files of the one nsfs, so they share its device number.
    if found.st_dev != os.stat(paths.OWN_NETNS).st_dev:
        raise NsguardError(f"{path} is a plain file, not a namespace; remove it")
    if _inode_for_init(name) not in (found.st_ino, None):
        raise NsguardError(f"{path} is no namespace for PID 1; run nsguard without a private mount namespace")
    return found.st_ino


def _inode_for_init(name: str) -> int | None:
    """What PID 1 finds under the name, 0 for nothing; None where this machine does not let root look."""
    try:
        return os.stat(f"{paths.NETNS_OF_INIT}/{name}").st_ino
    except FileNotFoundError:
        return 0
    except PermissionError:
        return None


def host_inode() -> int:
    """The inode of this process's network namespace, which is the host's unless it has entered another."""
    return os.stat(paths.OWN_NETNS).st_ino


def has_ipv6() -> bool:
    """Whether this kernel has IPv6."""
    return os.path.exists("/proc/sys/net/ipv6")


def processes(wanted: int) -> list[int]:
    """PIDs of the processes whose network namespace has inode `wanted`."""
    found = []
    for pid in os.listdir("/proc"):
        if pid.isdecimal():
            with contextlib.suppress(OSError):  # it ended meanwhile
                if os.stat(f"/proc/{pid}/ns/net").st_ino == wanted:
                    found.append(int(pid))
    return sorted(found)


def has_link(name: str, link: str) -> bool:
    """Whether namespace `name` has a link of this name."""
    return link in links(name)


def links(name: str | None) -> set[str]:
    """The links in namespace `name`; for None in the host's."""
    with maybe_entered(name), open("/proc/net/dev", encoding="ascii", errors="replace") as devices:
        return {line.split(":")[0].strip() for line in devices if ":" in line}


def maybe_entered(name: str | None) -> contextlib.AbstractContextManager[None]:
    """The same for the namespace of a name; for None this process stays in the host's."""
    return contextlib.nullcontext() if name is None else entered(name)


@contextlib.contextmanager
def entered(name: str) -> Iterator[None]:
    """Within the body this process and its children are in namespace `name`.

    The process has one thread, and no signal breaks into the body (see `process`).
    """
    home = os.open(paths.OWN_NETNS, os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(name)
        process.inside = name
        try:
            yield
        finally:
            _setns(home)
            process.inside = None
    finally:
        os.close(home)


def enter(name: str) -> None:
    """From now on this process is in namespace `name`."""
    there = os.open(f"{paths.NETNS}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _setns(there)
    finally:
        os.close(there)


@contextlib.contextmanager
def throwaway() -> Iterator[None]:
    """Within the body this process and its children are in a new network namespace, which goes with it."""
    from nsguard.system import kernel

    home = os.open(paths.OWN_NETNS, os.O_RDONLY | os.O_CLOEXEC)
    try:
        kernel.unshare(CLONE_NEWNET)
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
