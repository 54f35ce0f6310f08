"""A namespace's status as text for a terminal."""

from nsguard.health import summary
from nsguard.system.printable import printable


def test_what_a_terminal_could_act_on_is_shown_and_not_sent() -> None:
    for text, shown in {
        "Bücher 本": "Bücher 本",
        "\x1b]0;owned\x07": "\\x1b]0;owned\\x07",
        "a\nvpn: healthy": "a\\nvpn: healthy",
        "\u202egnp.exe": "\\u202egnp.exe",
        b"\xff".decode(errors="surrogateescape"): "\\udcff",
    }.items():
        assert printable(text) == shown


def test_amounts() -> None:
    assert [summary.span(n) for n in (0, 59, 60, 3599, 3600, 90_000)] == [
        "0 s",
        "59 s",
        "1 min",
        "59 min",
        "1 h",
        "1 d",
    ]
    assert [summary.size(n) for n in (0, 1023, 1024, 1 << 20, 3 << 29)] == [
        "0 B",
        "1023 B",
        "1.0 KiB",
        "1.0 MiB",
        "1.5 GiB",
    ]


def test_an_error_that_is_the_reason_of_a_unit_is_shown_once() -> None:
    error = "/etc/vpn.conf: no such file or directory; make it a file that root can read"
    unit = {"reason": "/etc/vpn.conf: no such file or directory; it failed so often that systemd gave up"}
    assert summary._in_a_row(error, [{"reason": None}, unit])
    assert not summary._in_a_row(error, [{"reason": None}, {"reason": "its program ended with status 2"}])
    assert not summary._in_a_row("tunnel vpn: gone", [unit])
