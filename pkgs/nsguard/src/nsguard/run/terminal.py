"""The caller's terminal, and a separate one for the command, so that the command never has the caller's terminal.

If a command had the caller's terminal, processes that it leaves behind could read from it, and the command could push
input into the caller's shell.
"""

import fcntl
import os
import termios

from nsguard import paths
from nsguard.run.errors import RunFailed
from nsguard.system.contexts import suppress

TYPE_CHECKING = False  # importing typing would be a third of all that `nsguard run` imports
if TYPE_CHECKING:
    from typing import Any

# tcgetattr(3): indexes in the list that Python returns
IFLAG, OFLAG, CFLAG, LFLAG, CC = 0, 1, 2, 3, 6
WINSIZE = b"\0" * 8
TERMINAL = "/dev/tty"
# asm/ioctls.h; termios has no names for these. On mips and ppc, asm/ioctl.h has other bits for the direction.
_WRITE, _NONE = (4 << 29, 1 << 29) if os.uname().machine.startswith(("mips", "ppc")) else (1 << 30, 0)
TIOCSPTLCK, TIOCGPTPEER = _WRITE | 0x45431, _NONE | 0x5441


class Screen:
    """Both terminals. name: the namespace; reads, writes: whether standard input and standard output are a terminal.

    If both are, the command gets all typed input from its start on. In a pipeline, another program may be reading the
    terminal, so the command gets typed input only when it tries to read.
    """

    def __init__(self, name: str, own: int, *, reads: bool, writes: bool) -> None:
        self.own, self.whole = own, reads and writes
        self._writes = writes
        self.master, self.slave = _open(name)
        self._saved: list[Any] | None = None
        modes = termios.tcgetattr(own)
        termios.tcsetattr(self.slave, termios.TCSANOW, modes)
        self._processed = 0
        if not self.ready():
            self._process(here=True)
        self.resize()
        os.set_blocking(self.master, False)

    def in_foreground(self) -> bool:
        """Whether the caller's shell lets this process read from the terminal."""
        try:
            return os.tcgetpgrp(self.own) == os.getpgrp()
        except OSError:
            return False

    def ready(self) -> bool:
        """Whether the command gets typed input from its start on."""
        return self.whole and self.in_foreground()

    @property
    def raw(self) -> bool:
        """Whether typed input goes to the command, key by key."""
        return self._saved is not None

    def enter(self) -> None:
        """Pass all typed input to the command's terminal, which processes it as the command has set it."""
        with suppress(termios.error):
            modes = termios.tcgetattr(self.own)
            if self._saved is None:
                self._saved = [*modes[:CC], list(modes[CC])]
            _make_raw(modes, output=self._writes)
            termios.tcsetattr(self.own, termios.TCSADRAIN, modes)
            if self._writes:
                self._process(here=False)
        self.resize()

    def leave(self) -> None:
        """Restore the settings of the caller's terminal."""
        if self._saved is None:
            return
        saved, self._saved = self._saved, None
        # If the shell has taken the terminal back meanwhile, it has restored it, and tcsetattr would stop this process.
        if self.in_foreground():
            with suppress(termios.error):
                termios.tcsetattr(self.own, termios.TCSADRAIN, saved)
        self._process(here=True)

    def _process(self, *, here: bool) -> None:
        """Choose which terminal processes output (newline to CR LF): the caller's (`here`) or the command's."""
        with suppress(termios.error):
            modes = termios.tcgetattr(self.master)
            if here:
                self._processed = modes[OFLAG] & termios.OPOST
                modes[OFLAG] &= ~termios.OPOST
            else:
                modes[OFLAG] |= self._processed
            termios.tcsetattr(self.master, termios.TCSANOW, modes)

    def resize(self) -> None:
        """Give the command's terminal the size of the caller's; if it changes, the kernel sends SIGWINCH."""
        with suppress(OSError):
            size = fcntl.ioctl(self.own, termios.TIOCGWINSZ, WINSIZE)
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)


def _open(name: str) -> tuple[int, int]:
    """Both ends of a terminal that the command sees in its /dev/pts. Raises `RunFailed`."""
    flags = os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC
    try:
        master = os.open(f"{paths.terminals(name)}/ptmx", flags)
        fcntl.ioctl(master, TIOCSPTLCK, bytes(4))
        return master, fcntl.ioctl(master, TIOCGPTPEER, flags)
    except OSError as error:
        raise RunFailed(
            f"{name}: no terminal for the command: {(error.strerror or str(error)).lower()}; ask an administrator to "
            f"run nsguard doctor {name}"
        ) from None


def _make_raw(modes: "list[Any]", *, output: bool) -> None:
    """As cfmakeraw(3). Without `output`, output is still processed: others in a pipeline write to the terminal too."""
    modes[IFLAG] &= ~(termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP)
    modes[IFLAG] &= ~(termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON)
    if output:
        modes[OFLAG] &= ~termios.OPOST
    modes[LFLAG] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    modes[CFLAG] = modes[CFLAG] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    modes[CC][termios.VMIN], modes[CC][termios.VTIME] = 1, 0


def find(name: str) -> Screen | None:
    """The controlling terminal of this process, else one among its streams, and a new terminal for the command.

    None if this process has no terminal. name: the namespace of the command. Raises `RunFailed` if no terminal can be
    made for it.
    """
    inputs = [os.isatty(number) for number in range(3)]
    try:
        own = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        if True not in inputs:
            return None
        own = os.dup(inputs.index(True))
    return Screen(name, own, reads=inputs[0], writes=inputs[1])
