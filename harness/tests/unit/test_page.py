"""The page needs no other file, shows every cell with its evidence, and turns no attacker's words into markup."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from nsguard_harness.addresses import LAB
from nsguard_harness.attack import Outcome
from nsguard_harness.capture import Frame
from nsguard_harness.output.about import About
from nsguard_harness.output.junit import junit
from nsguard_harness.output.page import overall, page
from nsguard_harness.output.page.matrix import dump
from nsguard_harness.output.page.timeline import NARROW, disturbances, timeline
from nsguard_harness.output.page.topology import laboratory, narrow, wide
from nsguard_harness.run.suite import Report, Result, Run, Span, Verdict
from nsguard_harness.verdict.judge import Judgement, Leak

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOSTILE = '<script>alert("x")</script>&amp;'
UDP = bytes(12) + b"\x08\0" + bytes(9) + b"\x11" + b"token in clear"
ARP = bytes(12) + b"\x08\x06" + bytes(28)
VOID = {"meta", "br"}


def leak(token: str | None = "ngaaaax0000", time: float = 2.0) -> Leak:
    return Leak(time, "client", "udp", f"somebody > somebody {HOSTILE}", "a reason", token, token and "udp-lan")


def run(*leaks: Leak, spans: tuple[Span, ...] = ()) -> Run:
    frames = [Frame(1.0, ARP, "client"), Frame(2.0, UDP, "client"), Frame(2.5, UDP, "client")]
    judged = Judgement(3, 0, {"arp": 1, "wireguard": 2, "!udp": len(leaks)}, leaks)
    return Run({"ngaaaax0000": Outcome(True)}, {}, judged, frames, frozenset(), 1.5, spans)


def result(verdict: Verdict = Verdict.CONTAINED, **more: object) -> Result:
    changed = Result("udp-lan", 4, "root", "ngaaaax0000", verdict, "nothing on the uplink", "sent", "seen on the wire")
    return replace(changed, **more)  # type: ignore[arg-type]


def report(*results: Result, confined: Run | None = None) -> Report:
    return Report(results or (result(),), confined or run(), run(leak()))


class Balanced(HTMLParser):
    """Fails unless elements are closed in order. Collects the page's ids, links, tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        self.seen |= {tag, *values}
        self.ids += [str(values["id"])] if "id" in values else []
        self.links += [str(values["href"])] if "href" in values else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(text: str) -> Balanced:
    parser = Balanced()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    return parser


STATES = tuple(
    result(verdict, state=state) for state, verdict in (("up", Verdict.CONTAINED), ("remade", Verdict.LEAKED))
)
REPORTS = [
    report(),
    report(result(Verdict.LEAKED, evidence=HOSTILE, said=HOSTILE, control=HOSTILE), confined=run(leak())),
    report(
        confined=run(leak(None), spans=(Span(1.0, 2.0), Span(2.0, 2.4, "link-deleted"), Span(2.4, 3, "", "remade")))
    ),
    report(*STATES, confined=run(leak())),
    report(result(Verdict.VACUOUS), result(Verdict.ERROR, family=6), result(Verdict.CANNOT, identity="user")),
    Report((), Run({}, {}, Judgement()), Run({}, {}, Judgement())),
]


@pytest.mark.parametrize("case", REPORTS)
def test_the_page_is_in_order_and_stands_alone(case: Report) -> None:
    text = page(case, WHEN)
    document = parsed(text)
    assert len(document.ids) == len(set(document.ids))
    assert {link.removeprefix("#") for link in document.links} <= set(document.ids)
    assert document.seen.isdisjoint({"script", "link", "img", "iframe", "src", "onclick"})
    assert not re.search(r"https?://|@import|url\(|\$\w", text)
    assert HOSTILE not in text


@pytest.mark.parametrize(
    ("case", "verdict", "headline"),
    [
        (REPORTS[0], Verdict.CONTAINED, "Contained: 1 of 1 attempts"),
        (REPORTS[1], Verdict.LEAKED, "LEAKED: 1"),
        (REPORTS[2], Verdict.LEAKED, "LEAKED: 1"),
        (REPORTS[4], Verdict.ERROR, "The test itself failed: 1 of 2 attempts"),
        (report(result(Verdict.VACUOUS)), Verdict.VACUOUS, "Nothing proved: 1 of 1 attempts"),
        (
            report(result(), result(family=6), result(Verdict.VACUOUS, identity="user")),
            Verdict.VACUOUS,
            "Contained: 2 of 3 attempts; not proved: 1",
        ),
        (REPORTS[5], Verdict.VACUOUS, "Nothing proved: 0 of 0 attempts"),
    ],
)
def test_the_verdict_stands_at_the_top(case: Report, verdict: Verdict, headline: str) -> None:
    assert overall(case) is verdict
    text = page(case, WHEN)
    assert f"<strong>{headline}</strong>" in text
    assert text.index(headline) < text.index("<h2>")


def test_each_cell_has_its_evidence_and_its_control_beside_it() -> None:
    text = page(REPORTS[1], WHEN)
    cell = text[text.index('<div class="cell">') :]
    assert cell.count("<details><summary>1 frame</summary>") == 2
    assert "token in" in cell and "74 6f 6b 65 6e" in cell
    assert cell.index("<h4>confined</h4>") < cell.index("<h4>unconfined, as control</h4>")


def test_verdicts_differ_without_colour() -> None:
    text = page(REPORTS[4], WHEN)
    for sign in ("? vacuous", "! error", "– n/a"):
        assert f"{sign}</span>" in text


def test_states_are_sections_and_one_with_a_leak_is_unfolded() -> None:
    text = page(REPORTS[3], WHEN)
    assert text.count('<details class="state" open>') == 2
    assert 'id="remade-udp-lan"' in text and 'href="#remade-udp-lan"' in text
    calm = page(report(result(), result(state="remade")), WHEN)
    assert calm.count('<details class="state" open>') == 1


def test_many_attacks_at_fault_are_one_line_each() -> None:
    results = [result(Verdict.LEAKED, attack=f"a{n}", family=family) for n in range(12) for family in (4, 6)]
    text = page(report(*results), WHEN)
    assert text.count('<li class="leaked">') == 12
    assert "and 4 more" in text and "and 1 more like it" in text


def test_pictures_are_xml_and_mark_what_happened() -> None:
    picture = timeline(REPORTS[2])
    ElementTree.fromstring(picture)
    assert disturbances(REPORTS[2]) == ["link-deleted", "all, remade"]
    assert 'class="leak-mark"' in picture and "<title>link-deleted</title>" in picture
    for draw in (wide, narrow):
        assert "leak-path" in draw(laboratory(LAB), leaked=True)
        assert "leak-path" not in draw(laboratory(LAB), leaked=False)
        ElementTree.fromstring(draw(laboratory(LAB), leaked=True))


def test_a_phone_has_pictures_of_its_own_width() -> None:
    """Letters 13 high in a picture 1000 wide would be 5 pixels high on a screen 390 pixels wide."""
    text = page(REPORTS[2], WHEN)
    widths = [int(width) for width in re.findall(r'<svg viewBox="0 0 (\d+) ', text)]
    assert widths == [1000, 360, 1000, NARROW]
    assert text.count('<figure class="narrow">') == text.count('<figure class="wide">') == 2
    edges = [float(x) for x in re.findall(r'<rect class="[^"]*" x="([\d.]+)"', timeline(REPORTS[2], NARROW))]
    assert max(edges) <= NARROW


def test_a_leak_in_the_picture_of_a_phone_crosses_no_words() -> None:
    picture = narrow(laboratory(LAB), leaked=True)
    path = re.search(r'class="leak-path" d="M(\d+) 180 V(\d+) M', picture)
    assert path is not None
    line, end = map(int, path.groups())
    words = [(float(x), float(y)) for x, y in re.findall(r'<text[^>]* x="([\d.]+)" y="([\d.]+)"', picture)]
    beside = [x for x, y in words if 180 < y < end]
    assert len(beside) == 3
    assert min(beside) > line


def test_what_was_tested_is_named_with_its_versions() -> None:
    about = About("0.1.0", "6.12.1", "257 (257.9)", f"guard {HOSTILE}")
    text = page(REPORTS[0], WHEN, about=about)
    line = text[text.index('<p class="about">') :].partition("</p>")[0]
    assert "nsguard 0.1.0, Linux 6.12.1, systemd 257 (257.9); guard " in line
    assert HOSTILE not in text
    case = ElementTree.fromstring(junit(REPORTS[0], about)).findall("testsuite/properties/property")
    assert {element.get("name"): element.get("value") for element in case} == about.rows()
    outputs = {
        "uname -r 2>/dev/null": (0, "6.1.0\n"),
        "systemctl --version 2>/dev/null": (0, "systemd 257 (257.9-1)\n+PAM\n"),
    }
    machine = About.of(lambda command: outputs.get(command, (127, "")), "guard naive")
    assert (machine.kernel, machine.systemd, machine.guard) == ("6.1.0", "257 (257.9-1)", "guard naive")


def test_a_dump_shows_bytes_and_text() -> None:
    assert dump(b"GET /\0" + bytes(11)) == [
        "0000  47 45 54 20 2f 00 00 00 00 00 00 00 00 00 00 00  GET /...........",
        "0010  00                                               .",
    ]


def test_junit_has_a_case_for_each_cell_and_for_frames_of_nobody() -> None:
    root = ElementTree.fromstring(junit(REPORTS[4]))
    suite = root.find("testsuite[@name='udp-lan']")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")) == (
        "3",
        "1",
        "1",
        "1",
    )
    assert [case.get("name") for case in suite] == ["up root IPv4", "up root IPv6", "up user IPv4"]
    assert root.find("testsuite[@name='frames']/testcase/failure") is None
    strays = ElementTree.fromstring(junit(REPORTS[2]))
    assert strays.find("testsuite[@name='frames']/testcase/failure") is not None
