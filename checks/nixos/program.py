"""Stands in for a service's program: a page on a port, files by their paths, and a torrent client's port.

usage: program.py PORT

GET /          the client's address, as the service sees it
GET /PATH      a file's content
PUT /PATH      writes a file
POST           Transmission's RPC (`session-set`) and qBittorrent's Web API (`app/setPreferences`): it then listens at
               that port as well, on all IPv4 addresses, and clients get "open"
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SESSION = "X-Transmission-Session-Id"
told: set[int] = set()


def listen(port: int) -> None:
    """Answer every connection to a port, for ever. A second call for the same port does nothing."""
    if port in told:
        return
    told.add(port)
    listener = socket.create_server(("", port))

    def serve() -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"open")

    threading.Thread(target=serve, daemon=True).start()


class Page(BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self) -> None:
        """Return the client's address, or a file's content."""
        if self.path == "/":
            self._answer(200, json.dumps({"peer": self.client_address[0]}).encode())
            return
        try:
            self._answer(200, Path(self.path).read_bytes())
        except OSError as error:
            self._answer(404, str(error).encode())

    def do_PUT(self) -> None:
        """Write a file."""
        try:
            Path(self.path).write_bytes(self._body())
            self._answer(200, b"")
        except OSError as error:
            self._answer(403, str(error).encode())

    def do_POST(self) -> None:
        """Listen at the port that the request sets."""
        body = self._body()
        if self.path == "/transmission/rpc":
            if SESSION not in self.headers:
                self.send_response(409)
                self.send_header(SESSION, "one")
                self.end_headers()
                return
            listen(json.loads(body)["arguments"]["peer-port"])
            self._answer(200, b'{"result": "success"}')
        elif self.path == "/api/v2/app/setPreferences":
            listen(json.loads(urllib.parse.parse_qs(body.decode())["json"][0])["listen_port"])
            self._answer(200, b"")
        else:
            self._answer(404, b"")

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(sys.argv[1])), Page).serve_forever()
