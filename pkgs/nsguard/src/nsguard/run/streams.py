"""The descriptors that a command gets in place of its caller's standard input, output and error."""

import _thread
import os

from nsguard.run.terminal import Screen
from nsguard.system.contexts import suppress

CHUNK = 1 << 16


class Stream:
    """One of standard input, output and error, and the descriptor that the command gets for it.

    plain: whether the command may get the descriptor itself. Other descriptors, above all sockets, stay outside the
    namespace: their data is copied through a pipe. For a terminal, the command gets its own terminal.
    """

    def __init__(self, number: int, *, plain: bool) -> None:
        self.number, self._plain = number, plain
        self._inner = -1
        self._copied = _thread.allocate_lock()

    def handed(self, screen: Screen | None) -> int:
        """The descriptor for the command."""
        if self._plain:
            return self.number
        if screen and os.isatty(self.number):
            return screen.slave
        reader, writer = os.pipe()
        source, sink = (self.number, writer) if self.number == 0 else (reader, self.number)
        self._inner = reader if self.number == 0 else writer
        self._copied.acquire()
        _thread.start_new_thread(self._copy, (source, sink))
        return self._inner

    def close(self) -> None:
        """Close this process's copy of the command's end of the pipe."""
        if self._inner >= 0:
            os.close(self._inner)

    def drain(self) -> None:
        """Wait until everything that the command wrote is copied."""
        if self._inner >= 0 and self.number != 0:
            self._copied.acquire()

    def _copy(self, source: int, sink: int) -> None:
        with suppress(OSError):
            while data := os.read(source, CHUNK):
                while data:
                    data = data[os.write(sink, data) :]
        with suppress(OSError):
            os.close(sink if self.number == 0 else source)
        self._copied.release()
