"""Draws the rows of a status: a mark, a label, and a text wrapped to the terminal's width. Faults come first."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TextIO

from nsguard.system.printable import printable

# Levels of a row. Bad rows are shown first; otherwise rows keep their order.
BAD, WARN, GOOD, PLAIN = "bad", "warn", "good", "plain"
_MARKS = {BAD: "✗", WARN: "!", GOOD: "✓", PLAIN: " "}
_ASCII_MARKS = _MARKS | {BAD: "x", GOOD: "+"}
# ECMA-48, SGR: red, yellow, green; bold for headings, faint for details
_COLOURS = {BAD: "31", WARN: "33", GOOD: "32"}
_BOLD, _FAINT = "1", "2"
_LEAST = 40


class Row(NamedTuple):
    """One row of a status. more: lines of details below it, each wrapped by itself."""

    label: str
    text: str
    level: str = PLAIN
    more: tuple[str, ...] = ()


class Style(NamedTuple):
    """How rows are drawn. width: columns to wrap to, None to wrap nothing; marks: level → mark, None for no marks."""

    width: int | None = None
    marks: dict[str, str] | None = None
    colour: bool = False

    @classmethod
    def of(cls, stream: TextIO) -> "Style":
        """The style for terminal `stream`; plain if it is not a terminal. NO_COLOR (no-color.org) removes colours."""
        if not stream.isatty():
            return cls()
        unicode = (stream.encoding or "").lower().replace("-", "") == "utf8"
        colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        return cls(max(shutil.get_terminal_size().columns, _LEAST), _MARKS if unicode else _ASCII_MARKS, colour)

    def paint(self, text: str, code: str | None) -> str:
        """`text` in the colour of `code` (ECMA-48 SGR), if this style has colours."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text else text


def stdout_style() -> Style:
    """The style of this process's standard output."""
    return Style.of(sys.stdout)


def drawn(heading: str, rows: Iterable[Row], style: Style) -> str:
    """The text of a heading and its rows, bad rows first; rows without text are left out."""
    ordered = sorted((row for row in rows if row.text), key=lambda row: row.level != BAD)
    # A label longer than a third of the terminal gets its own line, so that it does not widen the column of labels.
    most = None if style.width is None else style.width // 3
    column = max((len(row.label) for row in ordered if most is None or len(row.label) <= most), default=0)
    lines = [style.paint(printable(heading), _BOLD)]
    for row in ordered:
        lines += _row(row, column, style)
    return "\n".join(lines)


def line(text: str, level: str, style: Style) -> str:
    """A single line: marked and wrapped on a terminal, unchanged elsewhere."""
    if style.width is None or style.marks is None:
        return printable(text)
    first, *rest = _wrapped(text, style.width - 4) or [""]
    head = style.paint(f"{style.marks[level]} ", _COLOURS.get(level)) + first
    return "\n".join([head, *(f"    {more}" for more in rest)])


def _row(row: Row, column: int, style: Style) -> Iterator[str]:
    mark = f"{style.marks[row.level]} " if style.marks else "  "
    label = printable(row.label)
    width = None if style.width is None else style.width - len(mark) - column - 2
    lines = list(_wrapped(row.text, width))
    details = [
        line for detail in row.more for line in _wrapped(detail, None if style.width is None else style.width - 4)
    ]
    colour = _COLOURS.get(row.level)
    tint = colour if row.level in (BAD, WARN) else None
    if len(label) > column:  # a label that is too long for its column gets a line of its own
        yield style.paint(mark, colour) + label
        mark, label = "  ", ""
    head, *rest = lines
    yield f"{style.paint(mark, colour)}{label:<{column}}  {style.paint(head, tint)}"
    indent = " " * (len(mark) + column + 2)
    for line in rest:
        yield indent + style.paint(line, tint)
    for line in details:
        yield "    " + style.paint(line, _FAINT)


def _wrapped(text: str, width: int | None) -> list[str]:
    text = printable(text)
    if width is None or len(text) <= width:
        return [text]
    return textwrap.wrap(text, width, break_on_hyphens=False) or [""]
