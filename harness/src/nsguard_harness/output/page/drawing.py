"""The shapes that the page's pictures are drawn with, as SVG."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

WIDTH = 1000


def svg(width: int, height: int, label: str, parts: Iterable[str]) -> str:
    """A picture; label: what it shows, for screen readers."""
    body = "\n".join(parts)
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">\n{body}\n</svg>'


def box(x: int, y: int, width: int, height: int, name: str, address: str) -> str:
    """A machine: its frame, its name and its address."""
    return (
        f'<rect class="box" x="{x}" y="{y}" width="{width}" height="{height}" rx="12"/>'
        f"{text(x + 22, y + 34, name)}{text(x + 80, y + 34, address, small=True)}"
    )


def text(x: float, y: float, words: str, *, small: bool = False, middle: bool = False, end: bool = False) -> str:
    """Words at a place: they begin there, or have their middle or end there."""
    more = ' class="small"' if small else ""
    more += ' text-anchor="middle"' if middle else ' text-anchor="end"' if end else ""
    return f'<text x="{x:g}" y="{y:g}"{more}>{escape(words)}</text>'
