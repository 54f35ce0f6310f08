"""Rows for people: a mark, a label and a text that is wrapped to the terminal, what is wrong first."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TextIO

from nsguard.system.printable import printable

# How a row is: in this order they are shown, and rows of one kind in the order that they were made in.
BAD, WARN, GOOD, PLAIN = "bad", "warn", "good", "plain"
_MARKS = {BAD: "✗", WARN: "!", GOOD: "✓", PLAIN: " "}
_ASCII_MARKS = _MARKS | {BAD: "x", GOOD: "+"}
# ECMA-48, SGR: red, yellow, green; bold for a heading, faint for what is beside
_COLOURS = {BAD: "31", WARN: "33", GOOD: "32"}
_BOLD, _FAINT = "1", "2"
_LEAST = 40


class Row(NamedTuple):
    """A line of a status. more: lines below it that belong to it, each wrapped by itself."""

    label: str
    text: str
    level: str = PLAIN
    more: tuple[str, ...] = ()


class Style(NamedTuple):
    """How rows are drawn. width: columns to wrap to, None for lines that are as long as they are."""

    width: int | None = None
    marks: dict[str, str] | None = None
    colour: bool = False

    @classmethod
    def of(cls, stream: TextIO) -> "Style":
        """That of the terminal `stream`; plain for anything else. NO_COLOR (no-color.org) takes the colours away."""
        if not stream.isatty():
            return cls()
        unicode = (stream.encoding or "").lower().replace("-", "") == "utf8"
        colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        return cls(max(shutil.get_terminal_size().columns, _LEAST), _MARKS if unicode else _ASCII_MARKS, colour)

    def paint(self, text: str, code: str | None) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text else text


def stdout_style() -> Style:
    """The style of this process's standard output."""
    return Style.of(sys.stdout)


def drawn(heading: str, rows: Iterable[Row], style: Style) -> str:
    """A heading, and its rows, those that are wrong first."""
    ordered = sorted((row for row in rows if row.text), key=lambda row: row.level != BAD)
    longest = max((len(row.label) for row in ordered), default=0)
    column = longest if style.width is None else min(longest, style.width // 3)
    lines = [style.paint(printable(heading), _BOLD)]
    for row in ordered:
        lines += _row(row, column, style)
    return "\n".join(lines)


def line(text: str, level: str, style: Style) -> str:
    """A line that stands alone: marked and wrapped on a terminal, as it is elsewhere."""
    if style.width is None or style.marks is None:
        return printable(text)
    first, *rest = _wrapped(text, style.width - 4) or [""]
    head = style.paint(f"{style.marks[level]} ", _COLOURS.get(level)) + first
    return "\n".join([head, *(f"    {more}" for more in rest)])


def _row(row: Row, column: int, style: Style) -> Iterator[str]:
    mark = f"{style.marks[row.level]} " if style.marks else "  "
    label = printable(row.label)
    room = None if style.width is None else style.width - len(mark) - column - 2
    lines = list(_wrapped(row.text, room))
    beside = [line for each in row.more for line in _wrapped(each, None if style.width is None else style.width - 4)]
    colour = _COLOURS.get(row.level)
    tint = colour if row.level in (BAD, WARN) else None
    if len(label) > column:  # a name that is too long for its column has a line of its own
        yield style.paint(mark, colour) + label
        mark, label = "  ", ""
    head, *rest = lines
    yield f"{style.paint(mark, colour)}{label:<{column}}  {style.paint(head, tint)}"
    indent = " " * (len(mark) + column + 2)
    for line in rest:
        yield indent + style.paint(line, tint)
    for line in beside:
        yield "    " + style.paint(line, _FAINT)


def _wrapped(text: str, room: int | None) -> list[str]:
    text = printable(text)
    if room is None or len(text) <= room:
        return [text]
    return textwrap.wrap(text, room, break_on_hyphens=False) or [""]
