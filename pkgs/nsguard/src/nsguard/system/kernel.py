"""System calls that Python 3.11's os module does not have. Each raises OSError."""

import ctypes
import os

# linux/sched.h, linux/mount.h
CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 0x1000, 0x4000, 0x40000
MNT_DETACH = 2

# linux/magic.h, include/linux/mqueue.h: file systems whose files act on the kernel, or on processes.
_OF_KERNEL = {
    *(0x9FA0, 0x62656572, 0x27E0EB, 0x63677270),  # proc, sysfs, cgroup, cgroup2
    *(0x19800202, 0x6E736673, 0xCAFE4A11, 0x64626720, 0x74726163),  # mqueue, nsfs, bpf, debugfs, tracefs
    *(
        0x62656570,
        0x73636673,
        0x42494E4D,
        0x65735543,
        0x67596969,
    ),  # configfs, securityfs, binfmt_misc, fusectl, rpc_pipefs
    *(
        0x1CD1,
        0x6C6F6F70,
        0xF97CFF8C,
        0x43415D53,
        0xDE5E81E4,
        0x6165676C,
    ),  # devpts, binder, selinux, smack, efivarfs, pstore
}

_libc = ctypes.CDLL(None, use_errno=True)


def setns(descriptor: int, kind: int) -> None:
    """setns(2)."""
    _check(_libc.setns(descriptor, kind), "setns")


def unshare(flags: int) -> None:
    """unshare(2)."""
    _check(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    arguments = [word.encode() or None for word in (source, target, kind)]
    _check(_libc.mount(*arguments, ctypes.c_ulong(flags), options.encode() or None), target)


def unmount(target: str) -> None:
    """umount2(2) with MNT_DETACH: it disappears at once, and is gone when nobody uses it any more."""
    _check(_libc.umount2(target.encode(), MNT_DETACH), target)


def is_kernels_own(descriptor: int) -> bool:
    """Whether a file belongs to one of the kernel's own file systems and holds no data (statfs(2), linux/magic.h)."""
    buffer = (ctypes.c_ulong * 32)()  # struct statfs begins with f_type, and takes 15 words
    _check(_libc.fstatfs(descriptor, buffer), "fstatfs")
    return buffer[0] & 0xFFFFFFFF in _OF_KERNEL


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
