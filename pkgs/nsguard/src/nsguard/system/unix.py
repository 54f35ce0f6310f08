"""Sockets with a path (unix(7))."""

import socket


def connect(path: str, timeout: float | None = None) -> socket.socket:
    """A stream socket connected to a path. Raises OSError."""
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        stream.settimeout(timeout)
        stream.connect(path)
    except OSError:
        stream.close()
        raise
    return stream
