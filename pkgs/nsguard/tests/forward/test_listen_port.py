"""`nsguard listen-port`, tested with a fake server for each program's documented API."""

import http.server
import json
import socket
import threading
import urllib.parse
import xmlrpc.client
from collections.abc import Iterator
from typing import Any

import pytest

from nsguard.errors import BadInput, NsguardError
from nsguard.forward import listen_port, programs

PATHS = {"qbittorrent": "/", "transmission": "/transmission/rpc", "slskd": "/", "deluge": "/"}


class Web(http.server.BaseHTTPRequestHandler):
    """All programs that speak HTTP: the part of their APIs that sets the port."""

    server: "Server"

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PATCH(self) -> None:
        self._answer("PATCH")

    def _answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.seen.append(self.path)
        if self.server.slow:
            self.server.released.wait()
        status, headers, answer = self.server.answer(self.path, dict(self.headers), body)
        if (method == "PATCH") != (self.path == "/api/v0/options"):
            status = 405
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_: Any) -> None:
        pass


class Server(http.server.HTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Web)
        self.seen: list[str] = []
        # willing: does as requested; slow: answers only once `released`; connected: the web page has a daemon
        self.willing, self.slow, self.connected = True, False, False
        self.released = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.port: int | None = None

    def answer(self, path: str, headers: dict[str, str], body: str) -> tuple[int, dict[str, str], str]:
        if path == "/api/v0/options":
            return self.slskd(headers, json.loads(body))
        if path == "/json":
            return self.deluge(headers, **json.loads(body))
        if path == "/transmission/rpc":
            if headers.get("Authorization") not in (None, "Basic bWU6YTpi"):
                return 401, {}, ""
            if headers.get("X-Transmission-Session-Id") != "abc":
                return 409, {"X-Transmission-Session-Id": "abc"}, ""
            said = json.loads(body)
            assert said["method"] == "session-set"
            self.port = said["arguments"]["peer-port"]
            return 200, {}, '{"result": "success"}'
        if path == "/api/v2/auth/login":
            right = urllib.parse.parse_qs(body) == {"username": ["me"], "password": ["a:b"]} and headers["Referer"]
            return (200, {"Set-Cookie": "SID=xyz; HttpOnly; path=/"}, "Ok.") if right else (200, {}, "Fails.")
        if path == "/api/v2/app/setPreferences":
            if headers.get("Cookie") != "SID=xyz":
                return 403, {}, "Forbidden"
            self.port = json.loads(urllib.parse.parse_qs(body)["json"][0])["listen_port"]
            return 200, {}, ""
        return 404, {}, ""

    def slskd(self, headers: dict[str, str], options: dict[str, Any]) -> tuple[int, dict[str, str], str]:
        """slskd's options; they can be changed only if the server is `willing`."""
        if headers.get("X-Api-Key") != "me:a:b":
            return 401, {}, ""
        if not self.willing:
            return 403, {}, ""
        self.port = options["soulseek"]["listenPort"]
        return 200, {}, "true"

    def deluge(
        self, headers: dict[str, str], method: str, params: list[Any], **_: Any
    ) -> tuple[int, dict[str, str], str]:
        """Deluge's JSON-RPC: errors are answers, and the daemon's methods exist only once the page is connected."""
        error: dict[str, Any] | None = None
        result: Any = None
        cookie = {}
        if method == "auth.login":
            result = params == ["me:a:b"]
            cookie = {"Set-Cookie": "_session_id=xyz; Path=/json"} if result else {}
        elif headers.get("Cookie") != "_session_id=xyz":
            error = {"message": "Not authenticated", "code": 1}
        elif method == "web.connected":
            result = self.connected
        elif method == "web.get_hosts":
            result = [["f00", "127.0.0.1", 58846, "localclient"]] if self.willing else []
        elif method == "web.connect":
            self.connected = params == ["f00"]
        elif method == "core.set_config" and self.connected:
            first, last = params[0]["listen_ports"]
            assert (first, params[0]["random_port"]) == (last, False)
            self.port = first
        else:
            error = {"message": "Unknown method", "code": 2}
        return 200, cookie, json.dumps({"id": 1, "result": result, "error": error})


class Rtorrent(threading.Thread):
    """rTorrent's SCGI port, which answers each request with XML-RPC. fault: the error that it returns, if any."""

    def __init__(self, fault: str = "") -> None:
        super().__init__()
        self.fault = fault
        self.port: Any = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"scgi://127.0.0.1:{self._listener.getsockname()[1]}"

    def run(self) -> None:
        with self._listener, self._listener.accept()[0] as connection, connection.makefile("rb") as stream:
            length = int(b"".join(iter(lambda: stream.read(1), b":")))
            headers = stream.read(length).split(b"\0")
            assert (headers[0], *headers[2:4], stream.read(1)) == (b"CONTENT_LENGTH", b"SCGI", b"1", b",")
            parameters, method = xmlrpc.client.loads(stream.read(int(headers[1])))
            if self.fault:
                answer = xmlrpc.client.dumps(xmlrpc.client.Fault(-506, self.fault))
            else:
                assert (method, parameters[0]) == ("network.listen.port.set", "")
                self.port = parameters[1]
                answer = xmlrpc.client.dumps((0,), methodresponse=True)
            connection.sendall(b"Status: 200 OK\r\nContent-Type: text/xml\r\n\r\n" + answer.encode())


@pytest.fixture
def web() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


def credentials(directory: Any, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (directory / "client").write_text(text)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(directory))


def port_and_credentials(directory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials(directory, monkeypatch, "me:a:b")
    monkeypatch.setenv("NSGUARD_PORT", "51413")


@pytest.mark.parametrize(("client", "path"), PATHS.items())
def test_a_program_is_told_its_port(
    web: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, client: str, path: str
) -> None:
    credentials(tmp_path, monkeypatch, "me:a:b\n")
    listen_port.main(client, web.url + path)
    assert web.seen == [], "without a port there is nothing to say"
    monkeypatch.setenv("NSGUARD_PORT", "51413")
    listen_port.main(client, web.url + path)
    assert web.port == 51413


@pytest.mark.parametrize(
    ("client", "path", "what"),
    [
        ("qbittorrent", "/", "rejects the user and password"),
        ("transmission", "/transmission/rpc", "returned HTTP 401; check user and password in clientCredentialsFile"),
        ("slskd", "/", "returned HTTP 401; check the API key in clientCredentialsFile"),
        ("deluge", "/", "rejects the password in clientCredentialsFile"),
    ],
)
def test_a_wrong_password_is_told(
    web: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, client: str, path: str, what: str
) -> None:
    credentials(tmp_path, monkeypatch, "me:wrong-secret")
    monkeypatch.setenv("NSGUARD_PORT", "51413")
    with pytest.raises(NsguardError, match=what) as error:
        listen_port.main(client, web.url + path)
    assert "wrong-secret" not in str(error.value)
    assert web.port is None


def test_nobody_there_is_waited_for_and_then_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen_port, "_PROGRAM_TIMEOUT", 0.3)
    monkeypatch.setattr(listen_port, "_AGAIN", 0.05)
    monkeypatch.setenv("NSGUARD_PORT", "51413")
    with pytest.raises(NsguardError, match=r"cannot be reached: .*refused; check that it runs, and in this namespace"):
        listen_port.main("transmission", "http://127.0.0.1:1/transmission/rpc")
    monkeypatch.setenv("NSGUARD_PORT", "x")
    with pytest.raises(BadInput, match="NSGUARD_PORT is 'x', which is no port"):
        listen_port.main("transmission", "http://127.0.0.1:1/transmission/rpc")


def test_rtorrent_is_told_its_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSGUARD_PORT", "51413")
    rtorrent = Rtorrent()
    rtorrent.start()
    listen_port.main("rtorrent", rtorrent.url)
    rtorrent.join()
    assert rtorrent.port == 51413


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        (
            "Method 'network.listen.port.set' not defined",
            "changes its port only when it starts (before 0.16.18); let its configuration take NSGUARD_PORT from "
            "/run/nsguard/forwarded, or use a newer one",
        ),
        ("Could not bind", "says 'Could not bind'"),
    ],
)
def test_rtorrents_word_is_told(monkeypatch: pytest.MonkeyPatch, fault: str, what: str) -> None:
    monkeypatch.setenv("NSGUARD_PORT", "51413")
    rtorrent = Rtorrent(fault)
    rtorrent.start()
    with pytest.raises(NsguardError) as error:
        listen_port.main("rtorrent", rtorrent.url)
    rtorrent.join()
    assert str(error.value) == f"rtorrent at {rtorrent.url} {what}"


@pytest.mark.parametrize(
    ("client", "what"),
    [
        ("slskd", "does not let its options be changed; set remote_configuration: true"),
        ("deluge", "knows no daemon; add one in its connection manager"),
    ],
)
def test_a_program_that_will_not_is_told(
    web: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, client: str, what: str
) -> None:
    port_and_credentials(tmp_path, monkeypatch)
    web.willing = False
    with pytest.raises(NsguardError, match=what):
        listen_port.main(client, web.url)
    assert web.port is None


def test_deluges_daemon_that_is_connected_is_not_connected_again(
    web: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    port_and_credentials(tmp_path, monkeypatch)
    web.connected = True
    listen_port.main("deluge", web.url)
    assert (web.port, len(web.seen)) == (51413, 3)


@pytest.mark.parametrize("client", PATHS)
def test_a_program_that_does_not_answer_in_time_is_told(
    web: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, client: str
) -> None:
    port_and_credentials(tmp_path, monkeypatch)
    monkeypatch.setattr(listen_port, "_PROGRAM_TIMEOUT", 0.1)
    monkeypatch.setattr(programs, "_TIMEOUT", 0.2)
    web.slow = True
    with pytest.raises(NsguardError, match="cannot be reached: timed out; check that it runs, and in this namespace"):
        listen_port.main(client, web.url + PATHS[client])


@pytest.mark.parametrize("client", ["transmission", "deluge"])
@pytest.mark.parametrize("answer", ["<html>", "[" * 60000], ids=["html", "nested"])
def test_an_answer_of_something_else_is_told(
    web: Server, monkeypatch: pytest.MonkeyPatch, client: str, answer: str
) -> None:
    monkeypatch.setenv("NSGUARD_PORT", "51413")
    monkeypatch.setattr(Server, "answer", lambda *_: (200, {}, answer))
    with pytest.raises(NsguardError, match=f"gave an answer that is not {client}'s; check that clientUrl leads to its"):
        listen_port.main(client, web.url)


def test_a_number_that_is_none_is_an_answer_of_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSGUARD_PORT", "51413")
    value = "<params><param><value><bigdecimal>x</bigdecimal></value></param></params>"
    monkeypatch.setattr(programs, "_scgi", lambda *_: f"<methodResponse>{value}</methodResponse>")
    with pytest.raises(NsguardError, match="gave an answer that is not rtorrent's"):
        listen_port.main("rtorrent", "scgi://127.0.0.1:5000")


@pytest.mark.parametrize("client", PATHS)
def test_a_redirection_is_not_followed(
    web: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, client: str
) -> None:
    port_and_credentials(tmp_path, monkeypatch)
    elsewhere = f"{web.url}/elsewhere\x1b[2J"
    monkeypatch.setattr(Server, "answer", lambda *_: (302, {"Location": elsewhere}, ""))
    with pytest.raises(NsguardError) as error:
        listen_port.main(client, web.url + PATHS[client])
    assert "/elsewhere" not in web.seen
    assert "redirects to 'http" in str(error.value)
    assert "\x1b" not in str(error.value)
