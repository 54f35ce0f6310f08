"""The output of `nsguard status --json`, and a web server for its --exit-address."""

import json
from typing import Any

from box import Box


def namespaces(box: Box, *more: str) -> dict[str, Any]:
    said = json.loads(box.nsguard("status", "--json", *more).stdout)
    assert said["version"] == 1
    return dict(said["namespaces"])


WEB = """
import http.server
class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        at = self.path[1:]
        if at == "away":
            self.send_response(302)
            self.send_header("Location", "file:///etc/shadow")
        else:
            self.send_response(404 if at == "missing" else 200)
        self.end_headers()
        words = {"plain": "203.0.113.9\\n", "json": '{"ip": "2001:db8::9", "country": "SE"}', "prose": "You are well."}
        self.wfile.write(words.get(at, "").encode())
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", 8080), Web).serve_forever()
"""
