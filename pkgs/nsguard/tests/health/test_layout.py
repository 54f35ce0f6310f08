"""Rows on a terminal: marks and colours, bad rows first, no line wider than the terminal."""

import io
import re

import pytest

from nsguard.health import layout
from nsguard.health.layout import BAD, GOOD, Row, Style

LONG = "systemd.services.prowlarr.serviceConfig.TemporaryFileSystem, " * 4
ROWS = [
    Row("namespace", "up", GOOD),
    Row("nsguard-publish-with-a-long-name@web-1a2b3c.service", LONG, BAD, (LONG, "by nsguard-tunnel-vpn.service")),
    Row("dns", ", ".join(f"10.66.0.{number}" for number in range(40))),
    Row("empty", ""),
]


class Terminal(io.TextIOWrapper):
    """A text stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def terminal(encoding: str = "utf-8") -> Terminal:
    return Terminal(io.BytesIO(), encoding=encoding)


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal_but_a_word_that_is(width: int) -> None:
    text = plain(layout.drawn("vpn", ROWS, Style(width, layout._MARKS, colour=True)))
    lines = text.splitlines()
    assert all(len(line) <= width or " " not in line[2:].strip() for line in lines), lines
    assert text.count("10.66.0.39") == 1
    assert "empty" not in text


def test_one_long_label_moves_no_other_row() -> None:
    rows = [Row("namespace", "up", GOOD), Row("n" * 41, "failed", BAD), Row("app-user.service", "running", GOOD)]
    lines = layout.drawn("vpn", rows, Style(120, layout._MARKS)).splitlines()
    assert lines[1:3] == [f"✗ {'n' * 41}", f"  {' ' * 16}  failed"]
    assert lines[3:] == [f"✓ {'namespace':16}  up", "✓ app-user.service  running"]


def test_what_is_wrong_comes_first() -> None:
    lines = layout.drawn("vpn", ROWS, Style()).splitlines()
    assert lines[1].split()[0].startswith("nsguard-publish-with-a-long-name")
    assert [line.split()[0] for line in lines if line.startswith(("  n", "  d"))][1:] == [
        "namespace",
        "dns",
    ]


def test_a_mark_and_a_colour_for_each_line_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = layout.drawn("vpn", ROWS, Style.of(terminal()))
    assert "\x1b[32m✓ \x1b[0m" in text
    assert "\x1b[31m✗ \x1b[0m" in text


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(variable, value)
    assert "\x1b" not in layout.drawn("vpn", ROWS, Style.of(terminal()))


def test_neither_marks_nor_colours_nor_wrapping_without_a_terminal() -> None:
    text = layout.drawn("vpn", ROWS, Style.of(io.StringIO()))
    assert "\x1b" not in text
    assert not set("✓✗!") & set(text)
    assert LONG in text


def test_marks_that_a_terminal_without_unicode_can_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    layout.drawn("vpn", ROWS, Style.of(terminal("ascii"))).encode("ascii")


def test_a_label_draws_nothing() -> None:
    assert "\x1b" not in layout.drawn("\x1b[2J", [Row("\x1b[2J", "\x1b[2J", BAD, ("\x1b[2J",))], Style())


def test_a_line_alone_is_marked_and_wrapped_on_a_terminal_only() -> None:
    text = layout.line(f"vpn: mtu: {LONG}", BAD, Style(60, layout._MARKS, colour=True))
    lines = plain(text).splitlines()
    assert lines[0].startswith("✗ vpn: mtu: ")
    assert len(lines) > 3
    assert all(len(line) <= 60 or " " not in line.strip() for line in lines)
    assert layout.line(f"vpn: mtu: {LONG}", BAD, Style()) == f"vpn: mtu: {LONG}"
