"""Text from outside, for the terminal: never markup, and nothing that a terminal could act on."""

from __future__ import annotations

from rich.text import Text


def plain(text: str, style: str = "") -> Text:
    """`text` as it is: brackets are no markup, and control characters are shown as escapes such as `\\x1b`."""
    shown = "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode() for char in text
    )
    return Text(shown, style)
