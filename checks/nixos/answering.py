"""Stands in for a service with a web page: it returns its name, or what another service answers to it.

usage: python3 answering.py NAME PORT

GET /            NAME
GET /ask/URL     what URL answers when this service requests it; 502 if nothing answers
"""

import socket
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ASK = "/ask/"
PATIENCE = 5


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, text = 200, sys.argv[1]
        if self.path.startswith(ASK):
            try:
                with urllib.request.urlopen(self.path.removeprefix(ASK), timeout=PATIENCE) as answer:
                    text = answer.read().decode()
            except OSError as error:
                status, text = 502, str(error)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())


class Server(ThreadingHTTPServer):
    """Listens at every address of both families."""

    address_family = socket.AF_INET6


Server(("::", int(sys.argv[2])), Handler).serve_forever()
