"""The report of a run for the terminal and as JSON."""

from __future__ import annotations

import io
import json

from rich.console import Console

from nsguard_harness.output.report import as_json, attacks_table, classes_table
from nsguard_harness.run.suite import Report, Result, Run, Verdict
from nsguard_harness.verdict.judge import Judgement
from pretended import SEEN, FakeLab, Wire, run


def test_reports_show_what_was_found() -> None:
    report = run(FakeLab(), Wire(), {"leak": True, "stray": True}, SEEN)
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(attacks_table(report), classes_table(report.confined.judgement))
    text = console.export_text()
    assert "LEAKED wire IPv4 as root: 198.51.100.2" in text
    assert "LEAKED unowned: 198.51.100.2" in text
    data = json.loads(json.dumps(as_json(report)))
    assert data["about"] is None
    assert (data["status"], data["counts"]["LEAKED"], data["results"][0]["verdict"]) == (1, 2, "LEAKED")
    assert data["confined"]["classes"] == {"!udp": 2}


def test_text_from_outside_is_no_markup_and_a_narrow_terminal_keeps_the_verdicts() -> None:
    text_from_outside = (
        "[fd11::5] 1234 > [2001:db8::1] 53: [bold]seen[/bold] on the wire, \x1b]0;owned\x07, with more words than fit"
    )
    names = ("getaddrinfo-old-process", "session-activation")
    results = tuple(
        Result(name, 6, who, "t", Verdict.VACUOUS, text_from_outside, control=text_from_outside)
        for name in names
        for who in ("root", "user")
    )
    judged = Run({}, {}, Judgement(classes={"allowed-egress:[nas]": 1}))
    for width in (60, 80, 120):
        console = Console(width=width, record=True, file=io.StringIO())
        console.print(attacks_table(Report(results, judged, judged)), classes_table(judged.judgement))
        text = console.export_text()
        rows = [line for line in text.splitlines() if line.startswith(names[1])]
        assert rows[0].split()[1:3] == ["vacuous", "vacuous"]
        assert rows[0].split()[3].startswith("[fd11::5]")
        assert all(len(line) <= width for line in text.splitlines())
        assert "[bold]seen[/bold]" in text.replace("\n", " ")
        assert "allowed-egress:[nas]" in text
        assert "\x1b" not in text
        assert r"\x1b]0;owned" in text


def test_marks_are_explained_and_an_attack_that_cannot_apply_says_why() -> None:
    results = (
        Result("leases", 4, "root", "t", Verdict.CANNOT, "no client of DHCP runs on this host"),
        Result("tunnel-key", 4, "root", "u", Verdict.CONTAINED, "", control="wg shows a key"),
        Result("tunnel-key", 4, "user", "v", Verdict.CONTAINED, "", control="wg shows a key"),
    )
    judged = Run({}, {}, Judgement())

    def text(results: tuple[Result, ...]) -> list[str]:
        console = Console(width=80, record=True, file=io.StringIO())
        console.print(attacks_table(Report(results, judged, judged)))
        return [" ".join(line.split()) for line in console.export_text().splitlines()]

    assert text(results)[1:] == [
        "leases n/a - no client of DHCP runs on this host",
        "tunnel-key ok ok wg shows a key",
        "ok: contained; n/a: cannot apply here; -: not tried as that user",
    ]
    leaked = Result("leases", 4, "root", "t", Verdict.LEAKED, "seen", control="seen")
    assert text((leaked,))[2] == "LEAKED leases IPv4 as root: seen"
