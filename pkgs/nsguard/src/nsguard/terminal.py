"""The caller's terminal, and the one made for the command: two, so that the command cannot reach what is not its own.

A command that had the caller's own terminal could read on after its end, and push input into the caller's shell.
"""

import contextlib
import fcntl
import os
import termios
from typing import Any

# tcgetattr(3): the places of what Python returns as a list
IFLAG, OFLAG, CFLAG, LFLAG, CC = 0, 1, 2, 3, 6
WINSIZE = b"\0" * 8
TERMINAL = "/dev/tty"


class Screen:
    """whole: input and output are both the terminal, so that the command gets all that is typed from the start on.

    In a pipeline another program may be reading the terminal: there the command's gets it when it tries to read.
    """

    def __init__(self, own: int, *, whole: bool) -> None:
        self.own, self.whole = own, whole
        self.master, self.slave = os.openpty()
        self._saved: list[Any] | None = None
        modes = termios.tcgetattr(own)
        self._processed = modes[OFLAG] & termios.OPOST
        if not whole:
            modes[OFLAG] = modes[OFLAG] & ~termios.OPOST  # the caller's own does that until it is raw
        termios.tcsetattr(self.slave, termios.TCSANOW, modes)
        self.resize()
        os.set_blocking(self.master, False)

    def in_foreground(self) -> bool:
        """Whether the caller's shell lets this process read from the terminal."""
        try:
            return os.tcgetpgrp(self.own) == os.getpgrp()
        except OSError:
            return False

    @property
    def raw(self) -> bool:
        """Whether what is typed goes to the command, key by key."""
        return self._saved is not None

    def enter(self) -> None:
        """Let all that is typed through to the command's terminal, which makes of it what the command wants."""
        with contextlib.suppress(termios.error):
            modes = termios.tcgetattr(self.own)
            if self._saved is None:
                self._saved = [*modes[:CC], list(modes[CC])]
            _make_raw(modes)
            termios.tcsetattr(self.own, termios.TCSADRAIN, modes)
            if not self.whole and self._processed:
                self.whole = True
                modes = termios.tcgetattr(self.master)
                modes[OFLAG] = modes[OFLAG] | termios.OPOST
                termios.tcsetattr(self.master, termios.TCSADRAIN, modes)
        self.resize()

    def leave(self) -> None:
        """Put the caller's terminal back as it was."""
        if self._saved is None:
            return
        saved, self._saved = self._saved, None
        # The shell may have taken the terminal meanwhile: it has put it in order, and this would stop us.
        if self.in_foreground():
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.own, termios.TCSADRAIN, saved)

    def resize(self) -> None:
        """Give the command's terminal the caller's size; the kernel sends SIGWINCH where that changes it."""
        with contextlib.suppress(OSError):
            size = fcntl.ioctl(self.own, termios.TIOCGWINSZ, WINSIZE)
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)


def _make_raw(modes: list[Any]) -> None:
    """As cfmakeraw(3)."""
    modes[IFLAG] &= ~(termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP)
    modes[IFLAG] &= ~(termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON)
    modes[OFLAG] &= ~termios.OPOST
    modes[LFLAG] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    modes[CFLAG] = modes[CFLAG] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    modes[CC][termios.VMIN], modes[CC][termios.VTIME] = 1, 0


def find() -> Screen | None:
    """The terminal that this process is controlled by, else one among its streams; None where it has none."""
    inputs = [os.isatty(number) for number in range(3)]
    try:
        own = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        if True not in inputs:
            return None
        own = os.dup(inputs.index(True))
    return Screen(own, whole=inputs[0] and inputs[1])
