"""Sockets with a path (unix(7))."""

import os
import socket


def connect(path: str, timeout: float | None = None) -> socket.socket:
    """A stream socket connected to `path`; `timeout` in seconds, also for its later calls. Raises OSError."""
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
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
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.connect(address)
            manager.send(state.encode())
