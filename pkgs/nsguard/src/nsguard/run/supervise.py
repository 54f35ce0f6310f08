"""`nsguard supervise NAME GROUP`: one command of `nsguard run`, from its request to its end.

systemd starts it for each connection to the namespace's socket, confined as any service, as root with three
capabilities: to become the caller, and to signal the command. It is process 1 of a PID namespace. It ends when the
caller's end of the connection is closed; the kernel then kills the command and all processes that it has left behind.
"""

from __future__ import annotations

import _socket
import os
import select
import sys

from nsguard import verify
from nsguard.errors import NsguardError
from nsguard.run import admission, protocol, spawn
from nsguard.system.contexts import suppress
from nsguard.system.signals import signal
from nsguard.system.unix import Socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

# sd_listen_fds(3): the first descriptor that is passed
CONNECTION = 3
# Signals that a terminal or another process would send to a directly started command.
FORWARDED = {
    *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGCONT),
    *(signal.SIGTERM, signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2),
}
BY_TERMINAL = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGCONT}
# Signals that systemd or a closed terminal sends to every process of the unit; only the command reacts to them.
IGNORED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGTTOU, signal.SIGTTIN, signal.SIGTSTP)


def supervise(name: str, group: str) -> int:
    """Serve the connection that systemd passed; return this process's exit status."""
    if os.environ.get("LISTEN_FDS") != "1":
        raise NsguardError("nsguard-run-NAME.socket starts supervise; use nsguard run")
    with Socket(fileno=CONNECTION) as connection:
        os.set_inheritable(CONNECTION, False)  # noqa: FBT003 (it takes no name)
        for number in IGNORED:
            signal.signal(number, signal.SIG_IGN)
        with suppress(PermissionError):  # systemd did it already
            os.setsid()
        children = _wakeup()
        uid: int | str = "?"
        try:
            caller = admission.peer(connection)
            uid = caller.uid
            admission.admit(caller, name, group)
            if verify.verify(name):  # verify itself logs the reason
                raise NsguardError(
                    "the namespace failed its check; ask an administrator to read journalctl -u 'nsguard-*'"
                )
            request, descriptors = admission.receive(connection)
            if _is_gone(connection):
                return 0
            child = spawn.start(request, descriptors, caller)
        except spawn.SpawnFailed as failed:
            _refuse(connection, failed.status, failed)
            return 0
        except (NsguardError, OSError) as error:
            print(f"nsguard: refused user {uid}: {error}", file=sys.stderr)
            _refuse(connection, protocol.FAILED, error)
            return 1
        connection.settimeout(None)
        _tell(connection, protocol.STARTED + b"\0")
        terminal = descriptors[protocol.STDIO] if descriptors[protocol.STDIO :] else None
        _attend(connection, children, child, terminal)
    return 0


def _wakeup() -> int:
    """A descriptor that becomes readable when a child changes its state."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, _nothing)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """A signal handler that does nothing, so that the signal only wakes the loop."""


def _attend(connection: Socket, children: int, child: int, terminal: int | None) -> None:
    """Pass signals to the command, and its changes of state to the caller, until one of the two is gone."""
    poll = select.poll()
    for descriptor in (connection.fileno(), children):
        poll.register(descriptor, select.POLLIN)
    while True:
        if not _report(connection, child):
            return
        ready = [descriptor for descriptor, _ in poll.poll()]
        if children in ready:
            with suppress(BlockingIOError):
                os.read(children, 4096)
        if connection.fileno() in ready and not _obey(connection, child, terminal):
            return


def _obey(connection: Socket, child: int, terminal: int | None) -> bool:
    """Handle one message of the caller; returns whether there may be more."""
    try:
        message = connection.recv(2, _socket.MSG_WAITALL)
    except OSError:
        return False
    if len(message) < 2:
        return False
    kind, number = message
    if kind == protocol.CONTINUE:
        if terminal is not None:
            with suppress(OSError):  # the terminal or the group is gone
                os.tcsetpgrp(terminal, child if number else os.getpgrp())
        _signal(child, signal.SIGCONT)
    elif kind == protocol.SIGNAL and number in FORWARDED:
        _signal(child, number)
    else:
        return False
    return True


def _report(connection: Socket, child: int) -> bool:
    """Report the command's changes of state and reap other children; returns whether the command still runs."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        if pid != child:
            continue
        if os.WIFSTOPPED(status):
            _tell(connection, protocol.STOPPED + bytes([os.WSTOPSIG(status)]))
            continue
        how = (
            (protocol.KILLED, os.WTERMSIG(status))
            if os.WIFSIGNALED(status)
            else (protocol.EXITED, os.WEXITSTATUS(status))
        )
        _tell(connection, how[0] + bytes([how[1]]))
        return False


def _signal(child: int, number: int) -> None:
    """Send a signal to the whole process group if terminals send it too, else to the command's first process."""
    with suppress(ProcessLookupError):
        (os.killpg if number in BY_TERMINAL else os.kill)(child, number)


def _is_gone(connection: Socket) -> bool:
    """Whether the caller closed the connection while the namespace and its tunnel started."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return bool(poll.poll(0))


def _refuse(connection: Socket, status: int, why: Exception) -> None:
    _tell(connection, protocol.REFUSED + bytes([status]) + str(why).encode(errors="replace") + b"\n")


def _tell(connection: Socket, message: bytes) -> None:
    with suppress(OSError):  # the caller is gone; the next read from the connection shows it
        connection.sendall(message, _socket.MSG_NOSIGNAL)
