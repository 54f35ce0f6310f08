"""The public address of a namespace, requested from a web service, always from inside the namespace."""

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
    """Raise `BadInput` if `url` is not an http or https address."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"--exit-address {url!a}: not a web address; write one like https://am.i.mullvad.net/ip")


def ask(state: State, url: str) -> dict[str, Any]:
    """{"address": text or None, "fault": why there is no address, or None}."""
    try:
        return {"address": as_service.ask(state, lambda: _fetch(url), TIMEOUT), "fault": None}
    except NsguardError as error:
        return {"address": None, "fault": f"{url}: {error}"}


def _fetch(url: str) -> str:
    # Ignore a proxy in the environment, which may be meant for the host.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=TIMEOUT) as answer:
            text = answer.read(_LIMIT).decode(errors="replace").strip()
    except urllib.error.HTTPError as error:
        raise OSError(f"the service returned HTTP {error.code}") from None
    except urllib.error.URLError as error:
        raise OSError(_cause(error.reason)) from None
    return _address(text)


def _cause(reason: Any) -> str:
    import ssl  # imported here because only an error needs it

    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({reason.verify_message}); check the address and this machine's clock"
    if isinstance(reason, ssl.SSLError):
        return "the TLS handshake failed; check the address and its port"
    return str(getattr(reason, "strerror", None) or reason)


def _address(text: str) -> str:
    """The address in an answer: the whole text, or `ip` of a JSON object. Raises ValueError."""
    try:
        if text.startswith("{"):
            text = str(json.loads(text)["ip"])
        return str(ipaddress.ip_address(text))
    except (ValueError, KeyError):
        raise ValueError("the answer is not an address; use a service that returns nothing else") from None
