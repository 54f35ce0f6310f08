"""Setting the port on which each program listens, through the program's own API.

Each function takes the URL of the API, the port, and the text of `clientCredentialsFile`, which may be empty. It raises
`NsguardError` with the program's answer if that is a refusal, OSError if nobody answers, and ValueError, LookupError,
TypeError, ArithmeticError or RecursionError for an answer that is not in the program's form.
"""

import json
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

from nsguard.errors import NsguardError

# Seconds for one request, and the most bytes of an answer that are read.
_TIMEOUT = 10.0
_MOST = 65536
_SESSION = "X-Transmission-Session-Id"


def _qbittorrent(url: str, port: int, credentials: str) -> None:
    """qBittorrent's Web API: auth/login, app/setPreferences."""
    headers = {"Referer": url}
    if credentials:
        user, _, password = credentials.partition(":")
        form = urllib.parse.urlencode({"username": user, "password": password}).encode()
        answer, cookie = _request(f"{url}/api/v2/auth/login", form, headers)
        if answer.strip() == b"Fails.":
            raise NsguardError(f"qbittorrent at {url} rejects the user and password")
        headers["Cookie"] = cookie
    preferences = json.dumps({"listen_port": port, "random_port": False, "upnp": False})
    _request(f"{url}/api/v2/app/setPreferences", urllib.parse.urlencode({"json": preferences}).encode(), headers)


def _transmission(url: str, port: int, credentials: str) -> None:
    """Transmission's RPC specification: session-set."""
    headers = {"Content-Type": "application/json"}
    if credentials:
        import base64

        headers["Authorization"] = "Basic " + base64.b64encode(credentials.encode()).decode()
    body = json.dumps({"method": "session-set", "arguments": {"peer-port": port}}).encode()
    try:
        answer, _ = _request(url, body, headers)
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise
        error.close()
        answer, _ = _request(url, body, headers | {_SESSION: error.headers.get(_SESSION, "")})
    result = json.loads(answer)["result"]
    if result != "success":
        raise NsguardError(f"transmission at {url} says {result!a}")


def _slskd(url: str, port: int, credentials: str) -> None:
    """slskd's API: PATCH of the options, which its setting remote_configuration allows."""
    headers = {"Content-Type": "application/json"} | ({"X-API-Key": credentials} if credentials else {})
    body = json.dumps({"soulseek": {"listenPort": port}}).encode()
    try:
        _request(f"{url}/api/v0/options", body, headers, "PATCH")
    except urllib.error.HTTPError as error:
        if error.code != 403:
            raise
        error.close()
        raise NsguardError(
            f"slskd at {url} does not let its options be changed; set remote_configuration: true in its configuration, "
            "and give the key the role administrator"
        ) from None


def _deluge(url: str, port: int, credentials: str) -> None:
    """JSON-RPC of Deluge's web page: auth.login, web.connect to its first daemon if not connected, core.set_config."""
    headers = {"Content-Type": "application/json"}

    def call(method: str, *parameters: Any) -> Any:
        body = json.dumps({"id": 1, "method": method, "params": parameters}).encode()
        answer, cookie = _request(f"{url}/json", body, headers)
        if cookie:
            headers["Cookie"] = cookie
        reply = json.loads(answer)
        if reply["error"]:
            raise NsguardError(f"deluge at {url} says {reply['error']['message'][:200]!a}")
        return reply["result"]

    if not call("auth.login", credentials):
        raise NsguardError(f"deluge at {url} rejects the password in clientCredentialsFile")
    if not call("web.connected"):
        daemons = call("web.get_hosts")
        if not daemons:
            raise NsguardError(f"deluge at {url} knows no daemon; add one in its connection manager")
        call("web.connect", daemons[0][0])
    call("core.set_config", {"listen_ports": [port, port], "random_port": False})


def _rtorrent(url: str, port: int, _credentials: str) -> None:
    """rTorrent's XML-RPC over SCGI: network.listen.port.set, since 0.16.18."""
    import xmlrpc.client
    from xml.parsers.expat import ExpatError

    body = xmlrpc.client.dumps(("", port), "network.listen.port.set").encode()
    host, _, number = url.removeprefix("scgi://").rpartition(":")
    answer = _scgi((host.strip("[]"), int(number)), body)
    try:
        xmlrpc.client.loads(answer)
    except xmlrpc.client.Fault as fault:
        if "not defined" in fault.faultString or "not found" in fault.faultString:
            raise NsguardError(
                f"rtorrent at {url} changes its port only when it starts (before 0.16.18); let its configuration take "
                "NSGUARD_PORT from /run/nsguard/forwarded, or use a newer one"
            ) from None
        raise NsguardError(f"rtorrent at {url} says {fault.faultString[:200]!a}") from None
    except (xmlrpc.client.Error, ExpatError) as error:
        raise ValueError(str(error)) from None


def _scgi(address: tuple[str, int], body: bytes) -> str:
    """The body of the answer to an SCGI request: a netstring of headers, then the body."""
    headers = b"CONTENT_LENGTH\0%d\0SCGI\0001\0REQUEST_METHOD\0POST\0REQUEST_URI\0/RPC2\0" % len(body)
    answer = b""
    with socket.create_connection(address, _TIMEOUT) as connection:
        connection.sendall(b"%d:%s,%s" % (len(headers), headers, body))
        while len(answer) < _MOST and (part := connection.recv(_MOST)):
            answer += part
    return answer.partition(b"\r\n\r\n")[2].decode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Makes a redirection an error: it would send the program's password and cookie to any host that it names."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _request(url: str, body: bytes, headers: dict[str, str], method: str = "POST") -> tuple[bytes, str]:
    """The body of the answer, and the cookie that it sets. Raises OSError."""
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 (the module takes http alone)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
    with opener.open(request, timeout=_TIMEOUT) as answer:
        return answer.read(_MOST), answer.headers.get("Set-Cookie", "").partition(";")[0]


SETTERS: dict[str, Callable[[str, int, str], None]] = {
    "qbittorrent": _qbittorrent,
    "transmission": _transmission,
    "slskd": _slskd,
    "deluge": _deluge,
    "rtorrent": _rtorrent,
}
