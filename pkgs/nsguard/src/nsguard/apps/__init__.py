"""Apps: the file that the launcher and the starter read, and the messages that they exchange.

A launch is one line of JSON, {"arguments": […], "environment": {…}, "xauthority": hex or null}. Each answer is one line
too: {"taken": true} at once, then {"status": exit status} when the program has ended, or {"error": text}.
"""

import json
import os
from typing import Any, NamedTuple

from nsguard.errors import BadInput, NsguardError

ETC = "/etc/nsguard-apps"
VERSION = 1
# Bytes of a line. One argument has at most 128 KiB (execve(2)), and JSON needs up to six bytes for one.
LIMIT = 1 << 20
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_NAME = 19


class LaunchError(NsguardError):
    """An app could not be launched."""


class App(NamedTuple):
    """The settings of an app.

    socket: where the starter accepts launches; sandbox: argv that runs the starter in its sandbox, empty without one;
    environment: names of variables that a launch may set; session: the directory with the sockets of the displays;
    filtered: whether only compositors with security contexts offer a display; xauthority: whether a launch carries the
    X cookie; wait_for: sockets that must answer before a program starts.
    """

    name: str
    socket: str
    command: list[str]
    sandbox: list[str]
    environment: list[str]
    session: str
    filtered: bool
    xauthority: bool
    wait_for: list[str]


class Launch(NamedTuple):
    """A request to start the program. arguments: added to the command; xauthority: the content of the X cookie file."""

    arguments: list[str]
    environment: dict[str, str]
    xauthority: bytes | None = None


def load(name: str) -> App:
    """The app of that name. Raises `BadInput`."""
    if not (0 < len(name) <= _NAME and name[0] in _LETTERS and all(c in f"{_LETTERS}0123456789-" for c in name)):
        raise BadInput(f"{name!a} is not the name of an app; nsguard.apps lists them")
    path = f"{ETC}/{name}.json"
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        if data["version"] != VERSION:
            raise ValueError(f"version is not {VERSION}, the only one that this nsguard reads")
        app = App(
            _text(data["name"]),
            _text(data["socket"]),
            _texts(data["command"]),
            _texts(data["sandbox"]),
            _texts(data["environment"]),
            _text(data["session"]),
            data["filtered"] is True,
            data["xauthority"] is True,
            _texts(data["waitFor"]),
        )
    except FileNotFoundError:
        raise BadInput(f"no such app: {name}; define nsguard.apps.{name}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path}: {error}; regenerate it with nixos-rebuild switch") from None
    return app


def encode(message: dict[str, Any]) -> bytes:
    """A message as it is sent over the socket. Bytes that are not UTF-8 are sent as escaped lone surrogates."""
    return json.dumps(message).encode() + b"\n"


def decode_launch(line: bytes, allowed: list[str]) -> Launch:
    """Parse a launch. Raises ValueError if it is malformed, or sets a variable that is not `allowed`."""
    try:
        data = json.loads(line.decode())
        arguments, environment, cookie = _texts(data["arguments"]), data["environment"], data["xauthority"]
        items = {_text(name): _text(value) for name, value in environment.items()}
        xauthority = None if cookie is None else bytes.fromhex(_text(cookie))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"malformed launch: {error!r}") from None
    for text in (*arguments, *items.values()):
        if "\0" in text:
            raise ValueError("a NUL byte in an argument or variable")
        os.fsencode(text)  # raises ValueError for a surrogate that encodes no byte
    if unknown := items.keys() - set(allowed):
        raise ValueError(f"the app does not accept the variable {min(unknown)!a}")
    return Launch(arguments, items, xauthority)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!a} is not a text")
    return value


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise TypeError(f"{value!a} is not a list")
    return [_text(text) for text in value]
