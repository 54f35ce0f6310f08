"""Which address the world sees: asked of a web service, from inside the namespace and from nowhere else."""

import ipaddress
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from nsguard.errors import BadInput, NsguardError
from nsguard.net import as_service
from nsguard.state import State

# Seconds for the look-up of the name, the connection and the answer together.
TIMEOUT = 10.0
# Bytes; an address has 45 at most, and some services wrap it in JSON.
_LIMIT = 4096


def check(url: str) -> None:
    """Raise `BadInput` for what is no web address."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"--exit-address {url!a}: not a web address; write one like https://am.i.mullvad.net/ip")


def ask(found: State, url: str) -> dict[str, Any]:
    """`address`, or null with the reason in `fault`."""
    try:
        return {"address": as_service.ask(found, lambda: _fetch(url), TIMEOUT), "fault": None}
    except NsguardError as error:
        return {"address": None, "fault": f"{url}: {error}"}


def _fetch(url: str) -> str:
    # No proxy of the environment's: it may be the host's.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=TIMEOUT) as answer:
            text = answer.read(_LIMIT).decode(errors="replace").strip()
    except urllib.error.HTTPError as error:
        raise OSError(f"the service answers {error.code}") from None
    except urllib.error.URLError as error:
        raise OSError(str(getattr(error.reason, "strerror", None) or error.reason)) from None
    return _address(text)


def _address(text: str) -> str:
    """The address in an answer that is one, or an object with one in `ip`."""
    try:
        if text.startswith("{"):
            text = str(json.loads(text)["ip"])
        return str(ipaddress.ip_address(text))
    except (ValueError, KeyError):
        raise ValueError("the answer is no address; ask a service that answers with nothing else") from None
