"""Stands in for nginx: passes each connection at port 80 to the socket that its configuration names in proxy_pass.

usage: proxy.py CONFIGURATION
"""

from __future__ import annotations

import re
import shutil
import socket
import socketserver
import sys
import threading
from pathlib import Path


class Passing(socketserver.StreamRequestHandler):
    """One connection; the service ends it."""

    rbufsize = 0  # a buffered read waits for more than the client has sent

    def handle(self) -> None:
        """Copy bytes both ways."""
        with socket.socket(socket.AF_UNIX) as upstream:
            upstream.connect(TARGET)
            with upstream.makefile("rwb", buffering=0) as stream:
                threading.Thread(target=shutil.copyfileobj, args=(self.rfile, stream), daemon=True).start()
                shutil.copyfileobj(stream, self.wfile)


if __name__ == "__main__":
    TARGET = re.findall(r"proxy_pass http://unix:(/[^;:\s]+);", Path(sys.argv[1]).read_text())[0]
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    socketserver.ThreadingTCPServer(("", 80), Passing).serve_forever()
