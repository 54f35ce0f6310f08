"""Parsing a unit's text, followed by its drop-ins: its directives, and the words in them (systemd.syntax(7))."""

import re
from collections.abc import Iterable, Iterator

_SECTION = re.compile(r"\s*\[(.*)]\s*")
_DIRECTIVE = re.compile(r"\s*([A-Za-z0-9-]+)\s*=\s*(.*)", re.DOTALL)
# An escape: the number of a character, or any character after a backslash.
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|(.))", re.DOTALL)


def directives(text: str) -> dict[str, list[str]]:
    """ "Section.Key" → its values in order; an empty value resets those before it."""
    section, values = "", dict[str, list[str]]()
    for line in _lines(text):
        if match := _SECTION.fullmatch(line):
            section = match[1]
        elif match := _DIRECTIVE.fullmatch(line):
            values.setdefault(f"{section}.{match[1]}", []).append(match[2].rstrip())
    return values


def _lines(text: str) -> Iterator[str]:
    """The lines. A carriage return ends one, too; comments are left out, even inside of a continued line."""
    begun = ""
    for line in re.split("\r\n|\n\r|\r|\n", f"{text}\n"):
        if re.match(r"\s*[#;]", line):
            continue
        whole = begun + line
        if (len(whole) - len(whole.rstrip("\\"))) % 2:
            begun = f"{whole[:-1]} "
        else:
            begun = ""
            yield whole


def effective(values: Iterable[str]) -> list[str]:
    """The values of a list after its last reset."""
    remaining: list[str] = []
    for value in values:
        remaining = [*remaining, value] if value else []
    return remaining


def last(values: Iterable[str]) -> str:
    """The value of a setting that takes one value; empty if it has its default."""
    return next(reversed([*values]), "")


def words(value: str) -> list[str]:
    """The words of a value, with quotes and escapes resolved."""
    return [_ESCAPE.sub(_character, word) for word in _raw(value)]


def stripped(value: str) -> list[str]:
    """The words of a value whose backslashes are only removed; empty if the value has no quotes or backslashes."""
    return [word.replace("\\", "") for word in _raw(value)] if re.search("[\"'\\\\]", value) else []


def _character(escape: re.Match[str]) -> str:
    hexadecimal, octal, other = escape.groups()
    if other:
        return " " if other == "s" else str(other)
    code = int(hexadecimal, 16) if hexadecimal else int(octal, 8)
    return chr(code) if 32 <= code < 127 else "?"


def _raw(value: str) -> list[str]:
    result: list[str] = []
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
            result, word, inside = [*result, word] if inside else result, "", False
        else:
            word, inside = word + char, True
    return [*result, word] if inside else result
