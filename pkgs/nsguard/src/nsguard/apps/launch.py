"""`nsguard launch NAME [ARGUMENT…]`: start an app, as the person who uses it and without privileges.

The app's unit starts the program; this process only asks for it, and waits for its end.
"""

import json
import os

from nsguard.apps import LIMIT, App, LaunchError, encode, load
from nsguard.errors import NsguardError
from nsguard.system.unix import connect

# Bytes of an X cookie file: a few entries of some 50 bytes each.
COOKIE_LIMIT = 1 << 16


def launch(name: str, arguments: list[str]) -> int:
    """The program's exit status, as a shell gives it. Raises `LaunchError`, `BadInput`."""
    app = load(name)
    _check_display(app)
    request = {"arguments": arguments, "environment": _environment(app), "xauthority": _cookie(app)}
    line = encode(request)
    if len(line) > LIMIT:
        raise LaunchError(f"{name}: the arguments are too long")
    # One that comes as the last program ends is turned away, and finds the next unit.
    taken, answer = _ask(app, line)
    if not taken:
        taken, answer = _ask(app, line)
    try:
        said = json.loads(answer or taken or b"{}")
        if error_text := said.get("error"):
            raise LaunchError(f"{name}: {error_text}")
        if not answer:
            unit = f"nsguard-app-{name}.service"
            raise LaunchError(f"{name}: ended before it answered; see systemctl status {unit}")
        return int(said["status"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise LaunchError(f"{name}: answered {(answer or taken)[:80]!a}") from None


def _ask(app: App, line: bytes) -> tuple[bytes, bytes]:
    """Both lines of the starter's, each empty where it went away before."""
    try:
        connection = connect(app.socket)
    except FileNotFoundError:
        raise LaunchError(f"{app.name}: nothing listens at {app.socket}; start nsguard-app-{app.name}.socket") from None
    except PermissionError:
        raise LaunchError(f"{app.name}: only its own user can launch it; see nsguard.apps.{app.name}.user") from None
    taken = b""
    with connection, connection.makefile("rb") as answers:
        try:
            connection.sendall(line)
            taken = answers.readline(LIMIT)
            return taken, answers.readline(LIMIT)
        except OSError:
            return taken, b""


def _environment(app: App) -> dict[str, str]:
    found = {name: os.environ[name] for name in app.environment if os.environ.get(name)}
    if display := found.get("WAYLAND_DISPLAY"):
        found["WAYLAND_DISPLAY"] = f"{app.session}/{os.path.basename(display)}"
    return found


def _check_display(app: App) -> None:
    """Say here and now that the app gets no display. Raises `LaunchError`."""
    display = os.environ.get("WAYLAND_DISPLAY") if app.filtered else None
    if display:
        from nsguard.apps import wayland

        try:
            wayland.check(os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), display))
        except NsguardError as error:
            raise LaunchError(f"{app.name}: {error}") from None


def _cookie(app: App) -> str | None:
    """The content of the X cookie file: the file itself is in no place that the app can see."""
    if not app.xauthority or not os.environ.get("DISPLAY"):
        return None
    path = os.environ.get("XAUTHORITY") or os.path.expanduser("~/.Xauthority")
    try:
        with open(path, "rb") as file:
            return file.read(COOKIE_LIMIT).hex()
    except OSError:
        return None  # a server may do without
