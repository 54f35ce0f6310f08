"""The caller's side of one command of `nsguard run`: copies the terminal both ways, and passes on signals and stops."""

from __future__ import annotations

import _socket
import os
import resource
import select
import sys

from nsguard.run import protocol
from nsguard.run.errors import RunFailed
from nsguard.run.streams import CHUNK, Stream
from nsguard.run.terminal import Screen
from nsguard.system.contexts import suppress
from nsguard.system.signals import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from nsguard.system.unix import Socket

# The most bytes of typed input to hold for a command that does not read. Then reading from the terminal pauses.
AHEAD = 1 << 16
PASSED_ON = (
    *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2),
    *(signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH),
)
ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
# Milliseconds until a message says what the start waits for. If the tunnel is up, a start takes a tenth of that.
LONG = 3000
BY_TERMINAL = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)


class Session:
    """One command, as the caller sees it."""

    def __init__(self, name: str, connection: Socket, screen: Screen | None, streams: list[Stream]) -> None:
        self._name, self._connection, self._screen, self._streams = name, connection, screen, streams
        self._output = screen.master if screen else -1  # -1 once the terminal can give no more output
        self._typed = b""
        self._started = self._granted = False
        self._end: tuple[bytes, int] | None = None

    def attend(self) -> int:
        """Serve the command until it ends; returns the status to exit with. Raises `RunFailed`."""
        for stream in self._streams:
            stream.close()
        if self._screen:
            os.close(self._screen.slave)
        signals = self._catch_signals()
        typed = False
        try:
            self._loop(signals)
        finally:
            if self._screen:
                typed = self._screen.raw
                self._screen.leave()
        for stream in self._streams:
            stream.drain()
        return self._status(typed=typed)

    def _loop(self, signals: int) -> None:
        timeout: int | None = LONG
        while self._end is None or self._output >= 0:
            poll = select.poll()
            poll.register(signals, select.POLLIN)
            if self._end is None:
                poll.register(self._connection, select.POLLIN)
            self._watch_terminal(poll)
            ready = poll.poll(None if self._started else timeout)
            if not ready:
                print(f"nsguard: {self._name}: waiting for the namespace and its tunnel", file=sys.stderr)
                timeout = None
            for descriptor, events in ready:
                if descriptor == signals:
                    self._signalled(os.read(signals, CHUNK))
                elif descriptor == self._connection.fileno():
                    self._told()
                elif descriptor == self._output:
                    self._transfer(events)
                else:
                    self._read()

    def _watch_terminal(self, poll: select.poll) -> None:
        if self._output < 0 or not (self._started or self._end):
            return  # before the start, the command's terminal must not be written to
        poll.register(self._output, select.POLLIN | (select.POLLOUT if self._typed else 0))
        if self._screen and self._screen.raw and len(self._typed) < AHEAD and not self._end:
            poll.register(self._screen.own, select.POLLIN)

    def _transfer(self, events: int) -> None:
        if events & select.POLLOUT:
            self._type()
        if events & (select.POLLIN | select.POLLHUP | select.POLLERR) and not self._show():
            self._output = -1

    def _read(self) -> None:
        """Pass on typed input. If the terminal is gone, the command gets SIGHUP, as processes of a terminal do."""
        assert self._screen  # noqa: S101 (for the type checker)
        try:
            typed = os.read(self._screen.own, CHUNK)
        except OSError:
            typed = b""
        if not typed:
            self._say(protocol.SIGNAL, signal.SIGHUP)
            raise RunFailed("the terminal is gone")
        self._typed += typed
        self._type()

    def _type(self) -> None:
        assert self._screen  # noqa: S101 (for the type checker)
        with suppress(OSError):
            self._typed = self._typed[os.write(self._screen.master, self._typed) :]

    def _show(self) -> bool:
        """Copy what the command wrote to its terminal; returns whether there may be more."""
        assert self._screen  # noqa: S101 (for the type checker)
        try:
            data = os.read(self._screen.master, CHUNK)
        except BlockingIOError:
            return True
        except OSError:  # EIO: no process has the other end open
            # before the start this is normal, because the supervisor has not opened it yet
            return self._end is None and not self._started
        try:
            while data:
                data = data[os.write(self._screen.own, data) :]
        except OSError:
            raise RunFailed("the terminal is gone") from None
        return True

    def _catch_up(self) -> None:
        """Show what the command wrote before it stopped."""
        while self._output >= 0 and select.select([self._output], [], [], 0)[0]:
            if not self._show():
                self._output = -1

    def _told(self) -> None:
        """Handle one message from the supervisor. Raises `RunFailed`."""
        try:
            message = self._connection.recv(2, _socket.MSG_WAITALL)
        except OSError:
            message = b""
        if len(message) < 2:
            raise RunFailed(f"{self._name}: {'the command was stopped' if self._started else self._closed()}")
        kind, number = message[:1], message[1]
        if kind == protocol.REFUSED:
            with open(self._connection.fileno(), "rb", closefd=False) as rest:
                failed = RunFailed(f"{self._name}: {rest.readline(CHUNK).decode(errors='replace').rstrip()}")
            failed.status = number
            raise failed
        if kind == protocol.STARTED:
            self._started = True
            self._resume()
        elif kind == protocol.STOPPED:
            self._stop(number)
        else:
            self._end = (kind, number)

    def _closed(self) -> str:
        return (
            "too many commands are running inside, or systemd cannot start one; try again, or see journalctl -u "
            f"'nsguard-run-{self._name}*'"
        )

    def _resume(self) -> None:
        """Give the command the terminal if this process is in the foreground: after the start, and after a stop."""
        screen = self._screen
        if screen and screen.in_foreground() and (screen.whole or self._granted):
            screen.enter()
            self._granted = True

    def _stop(self, number: int) -> None:
        """Handle a stop of the command: give it the terminal if it only waits for that, else stop this process too.

        The caller's shell then sees a stopped job.
        """
        screen = self._screen
        wants_terminal = number in (signal.SIGTTIN, signal.SIGTTOU)
        if not (screen and wants_terminal and screen.in_foreground()):
            if screen:
                self._catch_up()
                screen.leave()
            if number in BY_TERMINAL:
                previous = signal.signal(number, signal.SIG_DFL)
                os.kill(0, number)  # to the whole process group, as the terminal would send it
                signal.signal(number, previous)
            else:
                os.kill(os.getpid(), signal.SIGSTOP)
        front = screen is not None and screen.in_foreground() and (screen.whole or wants_terminal or self._granted)
        if screen and front:
            screen.enter()
        self._granted = front
        self._say(protocol.CONTINUE, int(front))

    def _signalled(self, numbers: bytes) -> None:
        for number in numbers:
            if number == signal.SIGWINCH:
                if self._screen:
                    self._screen.resize()
            elif number == signal.SIGCONT:
                if self._started:
                    self._continued()
            elif not self._started:
                if number in ENDING:  # no command runs yet; the supervisor notices that the caller is gone
                    self._end, self._output = (protocol.KILLED, number), -1
            else:
                self._say(protocol.SIGNAL, number)

    def _continued(self) -> None:
        """Handle SIGCONT from the shell, which may have put this process in the foreground for the first time."""
        first = not self._granted
        self._resume()
        if first and self._granted:
            self._say(protocol.CONTINUE, 1)

    def _say(self, kind: int, number: int) -> None:
        with suppress(OSError):  # if the supervisor is gone, reading from the connection shows it
            self._connection.sendall(bytes([kind, number]), _socket.MSG_NOSIGNAL)

    def _catch_signals(self) -> int:
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in PASSED_ON:
            if signal.getsignal(number) != signal.SIG_IGN:  # as under nohup(1)
                signal.signal(number, _nothing)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        return reader

    def _status(self, *, typed: bool) -> int:
        assert self._end  # noqa: S101 (the loop ended)
        kind, number = self._end
        if kind == protocol.EXITED:
            return number
        # End by the signal that ended the command, so that the shell shows 128 + number. A terminal sends a typed
        # signal to the whole job; doing the same stops a script at Ctrl-C.
        sys.stderr.flush()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(OSError):
            signal.signal(number, signal.SIG_DFL)
        os.kill(0 if typed and number in (signal.SIGINT, signal.SIGQUIT) else os.getpid(), number)
        return 128 + number


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """A signal handler that does nothing, so that the signal only wakes the loop."""
