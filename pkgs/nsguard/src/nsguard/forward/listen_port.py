"""`nsguard listen-port CLIENT URL`: set the forwarded port in a program inside, through its documented API."""

import http.client
import os
import time
import urllib.error

from nsguard.errors import BadInput, NsguardError
from nsguard.forward.programs import SETTERS

# Seconds until a program that was just started must answer, and between two attempts.
_PROGRAM_TIMEOUT = 60.0
_AGAIN = 0.5
# RFC 9110, 15.4
_REDIRECTIONS = range(300, 400)


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
            if error.code in _REDIRECTIONS:
                raise NsguardError(
                    f"{client} at {url} redirects to {error.headers.get('Location', '')[:200]!a}; set clientUrl to the "
                    "address of its API"
                ) from None
            what = "the API key" if client == "slskd" else "user and password"
            raise NsguardError(
                f"{client} at {url} returned HTTP {error.code}; check {what} in clientCredentialsFile"
            ) from None
        except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError, http.client.HTTPException):
            raise NsguardError(
                f"{client} at {url} gave an answer that is not {client}'s; check that clientUrl leads to its API"
            ) from None
        except OSError as error:
            if time.monotonic() > deadline:
                reason = getattr(error, "reason", error)
                raise NsguardError(
                    f"{client} at {url} cannot be reached: {reason}; check that it runs, and in this namespace"
                ) from None
        time.sleep(_AGAIN)


def _credentials() -> str:
    """The credential `client` (systemd.exec(5), LoadCredential=), empty if there is none."""
    try:
        with open(f"{os.environ.get('CREDENTIALS_DIRECTORY', '')}/client", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""
