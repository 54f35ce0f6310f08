"""`nsguard app display NAME SOCKET…`: sockets on which the user's compositors offer an app only windows.

It runs as that user for as long as the app runs. Whenever a compositor with security contexts appears, it makes a
socket of the same name in its runtime directory. For a compositor without them it makes none.
"""

import contextlib
import os
import select
import socket
from typing import NoReturn

from nsguard.apps.wayland import Compositor, Unprotected
from nsguard.errors import NsguardError
from nsguard.system import process
from nsguard.system.unix import notify

# Seconds between two checks whether a missing compositor has appeared.
_AGAIN = 1.0
_BACKLOG = 128


def serve(name: str, paths: list[str]) -> NoReturn:
    """Serve until a signal ends the process."""
    displays = [_Display(name, path, os.environ["RUNTIME_DIRECTORY"]) for path in paths]
    ready = False
    while True:
        for display in displays:
            display.look()
        if not ready:
            notify("READY=1")
            ready = True
        connected = [display.compositor for display in displays if display.compositor]
        select.select(connected, [], [], None if len(connected) == len(displays) else _AGAIN)


class _Display:
    """The socket of one compositor, which may be missing, and the socket that was made for the app."""

    def __init__(self, app: str, path: str, directory: str) -> None:
        self._app, self._path = app, path
        self._own = f"{directory}/{os.path.basename(path)}"
        self.compositor: Compositor | None = None
        # One end of a pipe. The compositor has the other end, and accepts clients until this end is closed.
        self._held: int | None = None
        self._complained: tuple[int, str] | None = None

    def look(self) -> None:
        """Make the app's socket if the compositor has appeared; remove it if the compositor is gone."""
        if self.compositor and self.compositor.gone():
            self._close()
        if self.compositor is None:
            with contextlib.suppress(OSError):  # the compositor is not there
                self._open(os.stat(self._path).st_ino)

    def _open(self, inode: int) -> None:
        try:
            compositor = Compositor(self._path)
        except NsguardError as error:
            self._complain(inode, str(error))
            return
        end, self._held = os.pipe()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
                self._remove()
                listener.bind(self._own)
                listener.listen(_BACKLOG)
                compositor.listen(listener, end, self._app)
            self.compositor = compositor
        except (NsguardError, OSError) as error:
            compositor.close()
            self._close()
            what = f"nsguard.apps.{self._app}: {error}" if isinstance(error, Unprotected) else str(error)
            self._complain(inode, what)
        finally:
            os.close(end)

    def _close(self) -> None:
        if self.compositor:
            self.compositor.close()
            self.compositor = None
        if self._held is not None:
            os.close(self._held)
            self._held = None
        self._remove()

    def _remove(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._own)

    def _complain(self, inode: int, what: str) -> None:
        """Log a failure, but only once for each compositor."""
        if self._complained != (inode, what):
            self._complained = inode, what
            process.say(f"nsguard: {what}")
