"""`nsguard launch NAME [ARGUMENT…]`: start an app. It runs as the person who uses the app, without privileges.

The app's unit starts the program. This process only requests the start, and waits for the program's end.
"""

import json
import os

from nsguard.apps import LIMIT, App, LaunchError, encode, load
from nsguard.errors import NsguardError
from nsguard.system import process
from nsguard.system.unix import connect

# Bytes of an X cookie file: a few entries of some 50 bytes each.
COOKIE_LIMIT = 1 << 16


def launch(name: str, arguments: list[str]) -> int:
    """Launch the app; return the program's exit status, as a shell gives it. Raises `LaunchError`, `BadInput`."""
    app = load(name)
    _check_display(app)
    request = {"arguments": arguments, "environment": _environment(app), "xauthority": _cookie(app)}
    line = encode(request)
    if len(line) > LIMIT:
        raise LaunchError(f"{name}: the arguments are too long")
    # A launch that arrives while the last program ends gets no answer; the second try starts the unit again.
    taken, answer = _ask(app, line)
    if not taken:
        taken, answer = _ask(app, line)
    try:
        message = json.loads(answer or taken or b"{}")
        if error_text := message.get("error"):
            raise LaunchError(f"{name}: {error_text}")
        if not answer:
            unit = f"nsguard-app-{name}.service"
            raise LaunchError(f"{name}: ended before it answered; see systemctl status {unit}")
        return int(message["status"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise LaunchError(f"{name}: answered {(answer or taken)[:80]!a}") from None


def _ask(app: App, line: bytes) -> tuple[bytes, bytes]:
    """Send a launch; return both lines of the starter's answer. A line is empty if the starter ended before it."""
    try:
        connection = connect(app.socket)
    except FileNotFoundError:
        raise LaunchError(f"{app.name}: nothing listens at {app.socket}; start nsguard-app-{app.name}.socket") from None
    except PermissionError:
        raise LaunchError(f"{app.name}: only its own user can launch it; see nsguard.apps.{app.name}.user") from None
    taken = b""
    with connection, open(connection.fileno(), "rb", closefd=False) as answers:
        try:
            connection.sendall(line)
            taken = answers.readline(LIMIT)
            return taken, answers.readline(LIMIT)
        except OSError:
            return taken, b""


def _environment(app: App) -> dict[str, str]:
    variables = {name: os.environ[name] for name in app.environment if os.environ.get(name)}
    if display := variables.get("WAYLAND_DISPLAY"):
        variables["WAYLAND_DISPLAY"] = f"{app.session}/{os.path.basename(display)}"
    return variables


def _check_display(app: App) -> None:
    """Print a message if the app gets no display; raise `LaunchError` if the compositor has no security contexts."""
    displays = [name for name in ("WAYLAND_DISPLAY", "DISPLAY") if name in app.environment]
    # Whoever may not launch the app learns that alone, from `_ask`.
    if displays and not any(os.environ.get(name) for name in displays) and os.access(app.socket, os.W_OK):
        process.say(
            f"nsguard: {app.name}: it gets no display, because {' and '.join(displays)} "
            f"{'are' if len(displays) > 1 else 'is'} not set here; launch it in a desktop session"
        )
    display = os.environ.get("WAYLAND_DISPLAY") if app.filtered else None
    if display:
        from nsguard.apps import wayland

        try:
            wayland.check(os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), display))
        except NsguardError as error:
            raise LaunchError(f"{app.name}: {error}") from None


def _cookie(app: App) -> str | None:
    """The content of the X cookie file in hex, because the app cannot see the file itself; None if there is none."""
    if not app.xauthority or not os.environ.get("DISPLAY"):
        return None
    path = os.environ.get("XAUTHORITY") or os.path.expanduser("~/.Xauthority")
    try:
        with open(path, "rb") as file:
            return file.read(COOKIE_LIMIT).hex()
    except OSError:
        return None  # an X server may need no cookie
