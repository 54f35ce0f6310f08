"""Starting the caller's program with the caller's user and groups: everything between fork and exec."""

import errno
import fcntl
import os
import termios

from nsguard.errors import NsguardError
from nsguard.run import protocol
from nsguard.run.admission import Peer
from nsguard.run.protocol import Request
from nsguard.system.contexts import suppress
from nsguard.system.signals import signal

# confstr(3), _CS_PATH, and the directory of NixOS's programs
DEFAULT_PATH = b"/run/current-system/sw/bin:/usr/local/bin:/usr/bin:/bin"


class SpawnFailed(NsguardError):
    """The program could not be started. `status` is the exit status for `nsguard run`."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def start(request: Request, descriptors: list[int], caller: Peer) -> int:
    """Start the program in a process group of its own; returns its PID. Raises `SpawnFailed`.

    If a terminal came with the request, it becomes the terminal of this process's session. If the request asks for it,
    the program's process group becomes the foreground group of that terminal.
    """
    terminal = descriptors[protocol.STDIO] if descriptors[protocol.STDIO :] else None
    if terminal is not None:
        _take(terminal)  # before the fork, because a process inherits the session's terminal from its parent
    reader, writer = os.pipe()
    go, starter = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setpgid(0, 0)
            os.close(starter)
            if os.read(go, 1):  # an empty read: the supervisor has ended
                _become(request, descriptors, caller)
        except SpawnFailed as failed:
            os.write(writer, bytes([failed.status]) + str(failed).encode(errors="surrogateescape"))
        except OSError as error:
            os.write(writer, bytes([protocol.FAILED]) + f"it cannot be started: {error}".encode())
        finally:
            os._exit(protocol.FAILED)
    os.close(writer)
    os.close(go)
    with suppress(PermissionError, ProcessLookupError):  # the child did it already or has ended
        os.setpgid(child, child)
    if terminal is not None and request.foreground:
        os.tcsetpgrp(terminal, child)
    for descriptor in descriptors[: protocol.STDIO]:
        os.close(descriptor)
    os.write(starter, b"g")
    os.close(starter)
    message = _all(reader)
    if message:
        os.waitpid(child, 0)
        raise SpawnFailed(message[0], message[1:].decode(errors="surrogateescape"))
    return child


def _take(terminal: int) -> None:
    """Make `terminal` the terminal of this process's own session. Raises `SpawnFailed` if another session has it."""
    try:
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    except PermissionError:
        raise SpawnFailed(protocol.FAILED, "the terminal belongs to another session; use one of your own") from None


def _become(request: Request, descriptors: list[int], caller: Peer) -> None:
    """Become the caller and execute the program; never returns. Raises `SpawnFailed` or OSError."""
    os.setgroups(caller.groups)
    os.setresgid(caller.gid, caller.gid, caller.gid)
    os.setresuid(caller.uid, caller.uid, caller.uid)
    # From here on, everything runs with the caller's rights, including imports.
    os.umask(request.umask)
    _enter(request.directory, request.identity)
    for number, descriptor in enumerate(descriptors[: protocol.STDIO]):
        os.dup2(descriptor, number)
    for number in range(1, signal.NSIG):
        with suppress(OSError, ValueError):  # SIGKILL, SIGSTOP, and signals that the C library uses itself
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    environment = dict(variable.split(b"=", 1) for variable in request.environment)
    _execute(request.arguments, environment)


def _enter(directory: bytes, identity: tuple[int, int]) -> None:
    name = os.fsdecode(directory)
    try:
        os.chdir(directory)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SpawnFailed(protocol.FAILED, f"{name!a}: {reason} inside; change to another directory first") from None
    status = os.stat(".")
    if (status.st_dev, status.st_ino) != identity:
        raise SpawnFailed(protocol.FAILED, f"{name!a} is a different directory inside; change to another one first")


def _execute(arguments: list[bytes], environment: dict[bytes, bytes]) -> None:
    """execvp(3) with the new environment's PATH. Raises `SpawnFailed`."""
    name = arguments[0]
    if b"/" in name:
        candidates = [name]
    else:
        candidates = [d + b"/" + name if d else name for d in environment.get(b"PATH", DEFAULT_PATH).split(b":")]
    refused: OSError | None = None
    for path in candidates:
        try:
            os.execve(path, arguments, environment)  # noqa: S606 (the caller's own command)
        except OSError as error:
            if error.errno == errno.ENOEXEC:  # a script without #!, as shells run it
                os.execve(b"/bin/sh", [b"sh", path, *arguments[1:]], environment)  # noqa: S606
            if os.path.lexists(path):  # otherwise it counts as not found, as in a shell
                refused = error
    text = os.fsdecode(name)
    if refused:
        raise SpawnFailed(protocol.NOT_EXECUTABLE, f"{text!a}: {(refused.strerror or str(refused)).lower()}")
    missing = "no such file" if b"/" in name else "command not found"
    raise SpawnFailed(protocol.NOT_FOUND, f"{text!a}: {missing} inside")


def _all(reader: int) -> bytes:
    with open(reader, "rb") as file:
        return file.read()
