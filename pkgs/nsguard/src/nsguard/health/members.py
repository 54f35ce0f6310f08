"""The status for users other than root, read from a socket to which the users of a namespace may connect.

For each connection, systemd starts `nsguard status NAME --json --no-lines`. The socket's group may connect.
"""

import _socket
import json
import os
from typing import Any

from nsguard import known, paths
from nsguard.errors import BadInput, NsguardError
from nsguard.system import unix

# Seconds to wait for the answer, which usually takes less than one.
_ANSWER_TIMEOUT = 30.0


def statuses(name: str | None) -> dict[str, dict[str, Any]]:
    """Namespace → its status: for namespace `name`, or if that is None, for all that the caller may read.

    Raises `BadInput` if there is no such namespace, and `NsguardError` if the caller may not read it, or may read none.
    """
    if name is not None:
        if not paths.valid_name(name) or not os.path.exists(f"{paths.ETC}/{name}"):
            raise BadInput(known.unknown(name))
        return _ask(name)
    by_name: dict[str, dict[str, Any]] = {}
    for namespace in sorted(_listed()):
        if os.access(f"{paths.STATUS}/{namespace}", os.R_OK | os.W_OK):
            by_name |= _ask(namespace)
    if not by_name:
        raise NsguardError(_refusal("any namespace", sorted(_listed())))
    return by_name


def _listed() -> list[str]:
    try:
        return [name for name in os.listdir(paths.STATUS) if paths.valid_name(name)]
    except FileNotFoundError:
        return []


def _ask(name: str) -> dict[str, dict[str, Any]]:
    try:
        with unix.connect(f"{paths.STATUS}/{name}", _ANSWER_TIMEOUT) as stream:
            answer = _all(stream)
    except FileNotFoundError:
        raise NsguardError(
            f"{name}: only root may read its status; use sudo, or set nsguard.namespaces.{name}.users"
        ) from None
    except PermissionError:
        raise NsguardError(_refusal(name, [name])) from None
    except OSError as error:
        raise NsguardError(f"{name}: its status cannot be read: {(error.strerror or str(error)).lower()}") from None
    try:
        return dict(json.loads(answer)["namespaces"])
    except (ValueError, KeyError, TypeError):
        raise NsguardError(
            f"{name}: no status was returned; ask an administrator to run nsguard doctor {name}"
        ) from None


def _all(stream: unix.Socket) -> bytes:
    stream.shutdown(_socket.SHUT_WR)
    parts = []
    while part := stream.recv(65536):
        parts.append(part)
    return b"".join(parts)


def _refusal(what: str, names: list[str]) -> str:
    """names: the namespaces whose status members of a group may read."""
    return f"you may not read the status of {what}; use sudo" + (f", or {known.let_in(names)}" if names else "")
