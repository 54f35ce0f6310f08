"""A web server that answers with its client's address, which is an app's address as the world sees it.

usage: python3 -m nsguard_harness.inside.web RECORDS

Any path answers one JSON object, and /ip the client's address alone;
/stream sends a numbered line every 100 ms for as long as the client stays.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ..addresses import LAB
from .datagrams import plain
from .notify import ready
from .records import Records

STREAM_SECONDS = 0.1


class Handler(BaseHTTPRequestHandler):
    """One connection, kept alive."""

    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer, or stream."""
        peer, local = plain(self.client_address[0]), plain(self.connection.getsockname()[0])
        self.server.records.add(source=peer, local=local, path=self.path)
        if self.path == "/stream":
            self._stream()
            return
        if self.path == "/ip":
            self._answer(f"{peer}\n", "text/plain")
        else:
            self._answer(json.dumps({"peer": peer, "local": local, "path": self.path}) + "\n", "application/json")

    def _answer(self, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        # to the end of the connection, not chunked: clients read plain lines
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Connection", "close")
        self.end_headers()
        number = 0
        try:
            while True:
                self.wfile.write(b"%d\n" % number)
                number += 1
                time.sleep(STREAM_SECONDS)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it)
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """On all addresses of both families."""

    address_family = socket.AF_INET6
    daemon_threads = True

    def __init__(self, records: Records) -> None:
        self.records = records
        super().__init__(("::", LAB.web_port), Handler)

    def server_bind(self) -> None:
        """Bind; without the look-up of the host's own name that HTTPServer does."""
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = "lab", LAB.web_port


if __name__ == "__main__":
    server = Server(Records(Path(sys.argv[1])))
    ready()
    server.serve_forever()
