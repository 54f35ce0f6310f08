"""`nsguard listen-port CLIENT URL`: set the forwarded port in a program inside, by the program's documented API.

qBittorrent: its Web API, auth/login and app/setPreferences. Transmission: its RPC specification, session-set.
"""

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request

from nsguard.errors import BadInput, NsguardError

# Seconds for one request, for a program that has just been started to come up, and between two attempts.
_TIMEOUT = 10.0
_PROGRAM_TIMEOUT = 60.0
_AGAIN = 0.5
_SESSION = "X-Transmission-Session-Id"


def main(client: str, url: str) -> None:
    """Set the port in $NSGUARD_PORT; do nothing if it is empty. Raises `BadInput`, `NsguardError`."""
    port = os.environ.get("NSGUARD_PORT", "")
    if not port:
        return
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise BadInput(f"listen-port: NSGUARD_PORT is {port!a}, which is no port")
    deadline = time.monotonic() + _PROGRAM_TIMEOUT
    while True:
        try:
            SETTERS[client](url.rstrip("/"), int(port), _credentials())
            return
        except urllib.error.HTTPError as error:
            error.close()
            raise NsguardError(
                f"{client} at {url} returned HTTP {error.code}; check user and password in clientCredentialsFile"
            ) from None
        except OSError as error:
            if time.monotonic() > deadline:
                reason = getattr(error, "reason", error)
                raise NsguardError(
                    f"{client} at {url} cannot be reached: {reason}; check that it runs, and in this namespace"
                ) from None
        time.sleep(_AGAIN)


def _credentials() -> tuple[str, str] | None:
    """User and password from the credential `client`, user:password (systemd.exec(5), LoadCredential=), or None."""
    try:
        with open(f"{os.environ.get('CREDENTIALS_DIRECTORY', '')}/client", encoding="utf-8") as file:
            user, _, password = file.read().strip().partition(":")
    except OSError:
        return None
    return user, password


def _qbittorrent(url: str, port: int, credentials: tuple[str, str] | None) -> None:
    headers = {"Referer": url}
    if credentials:
        form = urllib.parse.urlencode({"username": credentials[0], "password": credentials[1]}).encode()
        answer, cookie = _post(f"{url}/api/v2/auth/login", form, headers)
        if answer.strip() == b"Fails.":
            raise NsguardError(f"qbittorrent at {url} rejects the user and password")
        headers["Cookie"] = cookie.partition(";")[0]
    preferences = json.dumps({"listen_port": port, "random_port": False, "upnp": False})
    _post(f"{url}/api/v2/app/setPreferences", urllib.parse.urlencode({"json": preferences}).encode(), headers)


def _transmission(url: str, port: int, credentials: tuple[str, str] | None) -> None:
    headers = {"Content-Type": "application/json"}
    if credentials:
        import base64

        headers["Authorization"] = "Basic " + base64.b64encode(":".join(credentials).encode()).decode()
    body = json.dumps({"method": "session-set", "arguments": {"peer-port": port}}).encode()
    try:
        answer, _ = _post(url, body, headers)
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise
        error.close()
        answer, _ = _post(url, body, headers | {_SESSION: error.headers.get(_SESSION, "")})
    result = json.loads(answer).get("result")
    if result != "success":
        raise NsguardError(f"transmission at {url} says {result!a}")


def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[bytes, str]:
    """The body of the answer (its first 64 KiB), and the cookie that it sets. Raises OSError."""
    request = urllib.request.Request(url, body, headers)  # noqa: S310 (the module takes http alone)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=_TIMEOUT) as answer:
        return answer.read(65536), answer.headers.get("Set-Cookie", "")


SETTERS = {"qbittorrent": _qbittorrent, "transmission": _transmission}
