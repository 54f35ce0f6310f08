"""The directives of a unit's text, its drop-ins behind it, and the words in them, as systemd.syntax(7) reads them."""

import re
from collections.abc import Iterable

_SECTION = re.compile(r"\s*\[(.*)]\s*")
_DIRECTIVE = re.compile(r"\s*([A-Za-z0-9-]+)\s*=\s*(.*)", re.DOTALL)
# The number of a character in an escape, or what a backslash stands before.
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|(.))", re.DOTALL)


def directives(text: str) -> dict[str, list[str]]:
    """ "Section.Key" → its values in order; an empty one resets what stands before it."""
    section, found = "", dict[str, list[str]]()
    for line in text.replace("\\\n", " ").split("\n"):
        if match := _SECTION.fullmatch(line):
            section = match[1]
        elif match := _DIRECTIVE.fullmatch(line):
            found.setdefault(f"{section}.{match[1]}", []).append(match[2].rstrip())
    return found


def effective(values: Iterable[str]) -> list[str]:
    """What is left of a list after its last reset."""
    kept: list[str] = []
    for value in values:
        kept = [*kept, value] if value else []
    return kept


def last(values: Iterable[str]) -> str:
    """What a setting with one value comes to; empty for its default."""
    return next(reversed([*values]), "")


def words(value: str) -> list[str]:
    """Words with quotes and escapes undone."""
    return [_ESCAPE.sub(_character, word) for word in _raw(value)]


def stripped(value: str) -> list[str]:
    """The same for settings in which a backslash is only taken away; none where there is nothing to undo."""
    return [word.replace("\\", "") for word in _raw(value)] if re.search("[\"'\\\\]", value) else []


def _character(escape: re.Match[str]) -> str:
    hexadecimal, octal, other = escape.groups()
    if other:
        return " " if other == "s" else str(other)
    code = int(hexadecimal, 16) if hexadecimal else int(octal, 8)
    return chr(code) if 32 <= code < 127 else "?"


def _raw(value: str) -> list[str]:
    found: list[str] = []
    word, quote, escaped, inside = "", "", False, False
    for char in value:
        if escaped:
            word, escaped, inside = f"{word}\\{char}", False, True
        elif char == "\\":
            escaped = True
        elif quote:
            quote, word = ("", word) if char == quote else (quote, word + char)
        elif char in "\"'":
            quote, inside = char, True
        elif char.isspace():
            found, word, inside = [*found, word] if inside else found, "", False
        else:
            word, inside = word + char, True
    return [*found, word] if inside else found
