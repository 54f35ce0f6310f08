"""Units as systemd and its journal show them (systemctl(1), journalctl(1))."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence

from nsguard.system import process
from nsguard.system.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Where unit files of the system lie (systemd.unit(5)).
_PATH = (
    *(f"/{root}/systemd/{kind}" for root in ("etc", "run") for kind in ("system", "system.control")),
    *(
        "/run/systemd/transient",
        "/run/systemd/generator.early",
        "/run/systemd/generator",
        "/run/systemd/generator.late",
    ),
    *("/etc/systemd/system.attached", "/run/systemd/system.attached"),
    *("/usr/local/lib/systemd/system", "/usr/lib/systemd/system"),
)


def show(units: Iterable[str], properties: Sequence[str], *more: str) -> list[dict[str, str]]:
    """The properties of each unit; none where there is no systemd to ask. `more`: further options."""
    try:
        return query(units, properties, *more)
    except process.CommandFailed:
        return []


def query(units: Iterable[str], properties: Sequence[str], *more: str) -> list[dict[str, str]]:
    """As `show`, but without an answer it raises `CommandFailed`: that must not look like no units."""
    arguments = [f"--property={','.join(['Id', *properties])}", *more, "--", *units]
    output = process.ask("systemctl", "show", *arguments)
    blocks = (block.splitlines() for block in output.split("\n\n"))
    return [dict(line.partition("=")[::2] for line in block) for block in blocks if block]


class Entry(NamedTuple):
    """A line of the journal about a unit; `own`: written by the unit's processes, not by systemd."""

    text: str
    own: bool


def entries(unit: str, invocation: str, most: int = 40) -> list[Entry]:
    """The last `most` lines about `unit`, oldest first; only those of `invocation`, if the journal has any."""
    try:
        text = process.ask("journalctl", "-q", "-b", "-o", "json", "-n", str(most), "-u", unit)
        lines = [json.loads(line) for line in text.splitlines()]
    except (process.CommandFailed, ValueError):
        return []
    ids = ("_SYSTEMD_INVOCATION_ID", "INVOCATION_ID")
    latest = [line for line in lines if invocation and invocation in map(line.get, ids)]
    return [Entry(_message(line), "UNIT" not in line) for line in latest or lines]


def _message(line: dict[str, Any]) -> str:
    """Text that is no UTF-8, or that holds control characters, comes as a list of bytes (systemd's JSON)."""
    message = line.get("MESSAGE") or ""
    return bytes(message).decode(errors="replace") if isinstance(message, list) else str(message)


def text(unit: str) -> str:
    """A unit's file with its drop-ins behind it, each below a comment with its path; empty for an unknown unit."""
    try:
        return process.ask("systemctl", "cat", "--no-pager", "--", unit)
    except process.CommandFailed:
        return ""


def settings(unit: str, key: str) -> list[tuple[str, str]]:
    """Each line of a unit's files that sets `key`, in their order: the file, and the value (systemd.syntax(7))."""
    lines, path = [], ""
    for line in text(unit).replace("\\\n", " ").splitlines():
        name, _, value = line.partition("=")
        if line.startswith("# /"):
            path = line.removeprefix("# ")
        elif name.strip() == key:
            lines.append((path, value.strip()))
    return lines


def with_line(line: re.Pattern[str]) -> set[str]:
    """The units with this line in their file or a drop-in; a template stands for its instances.

    Also of units that systemd has not loaded, because nothing has started or wanted them since the boot.
    """
    units = set()
    for directory in _PATH:
        with contextlib.suppress(OSError):
            for name in os.listdir(directory):
                path, unit = f"{directory}/{name}", name.removesuffix(".d")
                if unit.endswith((".service", ".socket")) and any(line.search(text) for text in _texts(path)):
                    units.add(unit.replace("@.", "@*."))
    return units


def _texts(path: str) -> Iterator[str]:
    """The text of the unit file at `path`, or of each file in a directory of drop-ins."""
    try:
        paths = [f"{path}/{name}" for name in os.listdir(path)] if path.endswith(".d") else [path]
    except OSError:
        return
    for each in paths:
        with contextlib.suppress(OSError), open(each, encoding="utf-8", errors="replace") as file:
            yield file.read()
