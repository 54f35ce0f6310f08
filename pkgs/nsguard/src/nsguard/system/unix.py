"""Sockets with a path (unix(7)).

The Python part of the module socket makes enumerations of its numbers and loads selectors: a quarter of what a short
command would load.
"""

from __future__ import annotations

import _socket
import os


class Socket(_socket.socket):
    """A socket that a `with` closes."""

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(path: str, timeout: float | None = None) -> Socket:
    """A stream socket connected to `path`; `timeout` in seconds, also for its later calls. Raises OSError."""
    stream = Socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        stream.settimeout(timeout)
        stream.connect(path)
    except OSError:
        stream.close()
        raise
    return stream


def notify(state: str) -> None:
    """Send a state such as READY=1 to the service manager, if it listens (sd_notify(3)). Raises OSError."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with Socket(_socket.AF_UNIX, _socket.SOCK_DGRAM) as manager:
            manager.connect(address)
            manager.send(state.encode())
