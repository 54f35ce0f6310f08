"""Stands in for a daemon that works for its clients: sends what it receives on a socket to the uplink's network.

usage: python3 -m nsguard_harness.inside.served PATH

Parent directories that do not exist are made, readable by everybody, and removed at the end.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from ..addresses import LAB
from .notify import ready


def serve(path: Path) -> None:
    """Pass datagrams on until a signal comes."""
    made = [parent for parent in path.parents if not parent.exists()]
    for parent in reversed(made):
        parent.mkdir()
        parent.chmod(0o755)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        with socket.socket(socket.AF_UNIX) as listener, socket.socket(type=socket.SOCK_DGRAM) as udp:
            listener.bind(str(path))
            path.chmod(0o777)
            listener.listen()
            ready()
            while True:
                client, _ = listener.accept()
                with client, suppress(OSError):
                    udp.sendto(client.recv(2048), (LAB.server.v4, LAB.echo_port))
                    client.sendall(b"sent")
    finally:
        path.unlink(missing_ok=True)
        for parent in made:
            with suppress(OSError):
                os.rmdir(parent)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
