"""Work that can be neither bounded nor interrupted from within, such as getaddrinfo(3), done in a child."""

from __future__ import annotations

import json
import os
import select
import signal
from collections.abc import Callable

from nsguard.system import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Failed(Exception):
    """The child's function raised an OSError or a ValueError; the text says which."""


class Late(Exception):
    """The child did not answer in time."""


def answer(function: Callable[[], Any], timeout: float) -> Any:
    """What `function` returns, a JSON value, within `timeout` seconds. Raises `Failed`, `Late`, `Stopped`."""
    process.checkpoint()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _work(function, writer)
    os.close(writer)
    with open(reader, "rb") as pipe, process.interruptible(child):
        answered = select.select([pipe], [], [], timeout)[0]
        if not answered:
            os.kill(child, signal.SIGKILL)
        data = pipe.read()
    os.waitpid(child, 0)
    process.checkpoint()
    if not data:
        raise Late if not answered else Failed("no answer")
    message = json.loads(data)
    if "failed" in message:
        raise Failed(message["failed"])
    return message["answer"]


def _work(function: Callable[[], Any], writer: int) -> None:
    """The child's part: do it, write JSON, end."""
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        try:
            message = {"answer": function()}
        except (OSError, ValueError) as error:
            message = {"failed": str(getattr(error, "strerror", None) or error)}
        with open(writer, "wb") as pipe:
            pipe.write(json.dumps(message).encode())
    finally:
        os._exit(0)
