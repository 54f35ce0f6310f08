"""Checks a request of `nsguard run`: its caller, its text and its descriptors. A refusal is one line.

It runs as root inside the confinement, before any program of the caller. The request is parsed, never executed.
"""

import _socket
import fcntl
import grp
import os
import stat
import struct
import time

from nsguard import paths
from nsguard.errors import BadInput
from nsguard.run import protocol
from nsguard.run.protocol import Request

# asm-generic/socket.h; Python names only SO_PEERCRED. Python's getsockopt returns at most 1024 bytes.
SO_PEERGROUPS = 59
GROUPS_BYTES = 1024
# The most descriptors to receive: more than a request may have, so that too many are noticed.
DESCRIPTORS = 16
# devices.txt of the kernel: null, zero, full, random, urandom of the memory devices; the slaves of pseudo-terminals.
MEMORY, HARMLESS = 1, {3, 5, 7, 8, 9}
PTY_SLAVES = range(136, 144)


class Peer:
    """The process that connected: the numbers of its user, group and supplementary groups when it connected."""

    def __init__(self, uid: int, gid: int, groups: list[int]) -> None:
        self.uid, self.gid, self.groups = uid, gid, groups


def peer(connection: _socket.socket) -> Peer:
    """The process at the other end. Raises `BadInput` if it has too many groups to read them all, or is root."""
    _, uid, gid = struct.unpack("3I", connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12))
    try:
        packed = connection.getsockopt(_socket.SOL_SOCKET, SO_PEERGROUPS, GROUPS_BYTES)
    except OSError:
        raise BadInput(
            f"your account has more than {GROUPS_BYTES // 4} groups, the most supported; remove some"
        ) from None
    if uid == 0:
        raise BadInput("commands do not run as root; use an ordinary account")
    return Peer(uid, gid, list(struct.unpack(f"{len(packed) // 4}I", packed)))


def admit(caller: Peer, name: str, group: str) -> None:
    """Raise `BadInput` unless the caller is in `group`, whose members may run commands in namespace `name`.

    The mode of the socket requires the same; this checks again.
    """
    try:
        number = grp.getgrnam(group).gr_gid
    except KeyError:
        raise BadInput(f"group {group} does not exist on this machine; create it") from None
    if number not in (caller.gid, *caller.groups):
        from nsguard import known  # imported here because only an error needs it

        raise BadInput(f"you are not in group {group}; {known.let_in([name])}")


def receive(connection: _socket.socket) -> tuple[Request, list[int]]:
    """The request and its descriptors, all checked. Raises `BadInput` and closes none: the process then ends."""
    deadline = time.monotonic() + protocol.REQUEST_TIMEOUT
    try:
        connection.settimeout(protocol.REQUEST_TIMEOUT)
        ancillary_size = _socket.CMSG_SPACE(DESCRIPTORS * struct.calcsize("i"))
        head, ancillary, flags, _ = connection.recvmsg(protocol.LENGTH, ancillary_size, _socket.MSG_CMSG_CLOEXEC)
        length = int.from_bytes(head + _exactly(connection, protocol.LENGTH - len(head), deadline), "big")
        if length > protocol.LIMIT:
            raise BadInput(f"the request is larger than {protocol.LIMIT} bytes; shorten arguments and environment")
        body = _exactly(connection, length, deadline)
    except TimeoutError:
        raise BadInput(f"the request was incomplete after {protocol.REQUEST_TIMEOUT:g} s; try again") from None
    descriptors = _descriptors(ancillary)
    if flags & _socket.MSG_CTRUNC or len(descriptors) not in (protocol.STDIO, protocol.STDIO + 1):
        raise BadInput(f"{len(descriptors)} descriptors came with the request; send {protocol.STDIO}, and a terminal")
    request = protocol.decode(body)
    check_descriptors(descriptors)
    return request, descriptors


def _descriptors(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    numbers: list[int] = []
    for level, kind, data in ancillary:
        if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
            numbers += struct.unpack(f"{len(data) // 4}i", data[: len(data) // 4 * 4])
    return numbers


def _exactly(connection: _socket.socket, size: int, deadline: float) -> bytes:
    parts = []
    while size:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        connection.settimeout(remaining)
        part = connection.recv(min(size, 1 << 16))
        if not part:
            raise BadInput("the request ended before it was complete; try again")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def check_descriptors(descriptors: list[int]) -> None:
    """Raise `BadInput` unless all descriptors are harmless: each keeps the network and the mounts of its opener.

    Allowed are data files, pipes, devices such as /dev/null, and the terminal that was made for the command. A socket
    would work outside the namespace, a directory would give access to the host's files, and another terminal may be
    one that the command must not read.
    """
    terminal = os.fstat(descriptors[protocol.STDIO]).st_rdev if descriptors[protocol.STDIO :] else None
    for number, descriptor in enumerate(descriptors):
        if fault := _fault(descriptor, terminal):
            raise BadInput(f"descriptor {number} is {fault}; redirect it")
        if number == protocol.STDIO and os.major(os.fstat(descriptor).st_rdev) not in PTY_SLAVES:
            raise BadInput(f"descriptor {number} is not the terminal; redirect it")


def _fault(descriptor: int, terminal: int | None) -> str:
    status = os.fstat(descriptor)
    if fcntl.fcntl(descriptor, fcntl.F_GETFL) & getattr(os, "O_PATH", 0):
        return "a path without a file"
    if stat.S_ISREG(status.st_mode):
        # A file of nsfs would let the command enter a namespace. Files of proc contain the memory of processes.
        # Files of mqueue are message queues of the host.
        if status.st_dev == os.stat(paths.OWN_NETNS).st_dev:
            return "a namespace"
        from nsguard.system import kernel  # imported here, because ctypes takes milliseconds to load

        return "a file of the kernel, not a data file" if kernel.is_kernels_own(descriptor) else ""
    if stat.S_ISFIFO(status.st_mode):
        return ""
    if stat.S_ISCHR(status.st_mode):
        major, minor = os.major(status.st_rdev), os.minor(status.st_rdev)
        if major == MEMORY and minor in HARMLESS:
            return ""
        if major in PTY_SLAVES and status.st_rdev == terminal:
            return ""
        return "another terminal or a device"
    return "a socket" if stat.S_ISSOCK(status.st_mode) else "a directory or a device"
