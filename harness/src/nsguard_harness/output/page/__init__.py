"""A run as one page of HTML that stands alone: no script, no network, readable without colour and on paper."""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path

from ...addresses import LAB, Addresses
from ...run.suite import Report, Verdict
from ..about import About
from ..report import WEIGHT, Fault, classes_rows, faults, last_line
from . import topology
from .matrix import anchor, badge, matrix
from .timeline import NARROW, disturbances, timeline
from .topology import Labels

FAULTS_SHOWN = 8
HERE = Path(__file__).parent
HEADLINES = {
    Verdict.CONTAINED: "Contained",
    Verdict.LEAKED: "LEAKED",
    Verdict.ERROR: "The test itself failed",
    Verdict.VACUOUS: "Nothing proved",
}
MEANINGS = {
    Verdict.CONTAINED: "Every control was seen on the wire, and nothing of the confined attacks was.",
    Verdict.LEAKED: "Something left the machine that should not have.",
    Verdict.ERROR: "What was found says nothing of the system under test.",
    Verdict.VACUOUS: "Of what was proved, nothing got out. Where a control is not seen, seeing nothing means nothing.",
}


@dataclass(frozen=True)
class Setting:
    """Where a run took place: labels for the picture, what was watched, in what order, and on which wire."""

    labels: Labels
    watched: str
    order: str
    wire: str


def laboratory(addresses: Addresses) -> Setting:
    """The lab: two machines, and a capture between them."""
    return Setting(
        topology.laboratory(addresses),
        "Every frame on the client's uplink, captured outside the client, so that nothing in it can hide from the "
        "capture.",
        "First every attack runs confined, then the same attacks run unconfined as controls: each must be seen there, "
        "or its verdict is void.",
        "on the uplink",
    )


def page(report: Report, when: datetime, setting: Setting | None = None, about: About | None = None) -> str:
    """The whole page. setting: where it took place, the lab by default; about: what was tested."""
    template = string.Template((HERE / "page.html").read_text())
    verdict = overall(report)
    setting = setting or laboratory(LAB)
    leaked = verdict is Verdict.LEAKED
    return template.substitute(
        title=escape(f"nsguard leak test: {headline(report, verdict)}"),
        style=(HERE / "style.css").read_text(),
        verdict=_verdict(report, verdict),
        counts=_counts(report),
        faults=_faults(report),
        about=_about(about),
        wide=topology.wide(setting.labels, leaked=leaked),
        narrow=topology.narrow(setting.labels, leaked=leaked),
        watched=escape(setting.watched),
        order=escape(setting.order),
        wire=escape(setting.wire),
        timeline=timeline(report),
        timeline_narrow=timeline(report, NARROW),
        disturbances=_disturbances(report),
        key="".join(f"<span>{badge(kind)}{escape(text)}</span>" for kind, text in KEY.items()),
        matrix=matrix(report),
        classes=_classes(report),
        footer=f"{escape(last_line(report))}. {escape(when.strftime('%Y-%m-%d %H:%M:%S %Z'))}.",
    )


KEY = {
    Verdict.CONTAINED: "the control was seen, the attack was not",
    Verdict.LEAKED: "it got out",
    Verdict.VACUOUS: "nothing was proved",
    Verdict.ERROR: "the test itself gave way",
    Verdict.CANNOT: "it makes no sense here, or the machine lacks what it needs",
}


def overall(report: Report) -> Verdict:
    """The run's verdict: the worst verdict of its cells; vacuous when there are no cells."""
    for verdict in (Verdict.LEAKED, Verdict.ERROR, Verdict.VACUOUS):
        if report.count(verdict):
            return verdict
    return Verdict.CONTAINED if report.results else Verdict.VACUOUS


def tried(report: Report) -> int:
    """The cells that could apply."""
    return len(report.results) - report.count(Verdict.CANNOT)


def headline(report: Report, verdict: Verdict) -> str:
    """The run in a few words: what was proved, then what was not."""
    count, contained = report.count(verdict), report.count(Verdict.CONTAINED)
    if verdict is Verdict.LEAKED:
        return f"{HEADLINES[verdict]}: {count}"
    if verdict is Verdict.VACUOUS:
        if not contained:
            return f"{HEADLINES[verdict]}: {count} of {tried(report)} attempts"
        return f"{HEADLINES[Verdict.CONTAINED]}: {contained} of {tried(report)} attempts; not proved: {count}"
    return f"{HEADLINES[verdict]}: {count} of {tried(report)} attempts"


def _about(about: About | None) -> str:
    if about is None:
        return ""
    return f'<p class="about">{escape(about.line())}</p>'


def _verdict(report: Report, verdict: Verdict) -> str:
    return (
        f'<div class="verdict {verdict.name.lower()}"><strong>{escape(headline(report, verdict))}</strong>'
        f"<p>{escape(MEANINGS[verdict])}</p></div>"
    )


def _counts(report: Report) -> str:
    judged = report.confined.judgement
    counts = {
        "attacks": len({result.attack for result in report.results}),
        "attempts": tried(report),
        "controls seen": sum(bool(result.control) for result in report.results),
        "frames judged": judged.frames,
        "frames lost": judged.dropped + report.control.judgement.dropped,
        "seconds": round(report.confined.seconds + report.control.seconds),
    }
    items = "".join(f"<div><dt>{escape(name)}</dt><dd>{count}</dd></div>" for name, count in counts.items())
    return f'<dl class="counts">{items}</dl>'


def _faults(report: Report) -> str:
    """A line for each attack at fault, the first few in sight, leaks before all else."""
    lines: dict[tuple[str, str, Verdict], list[Fault]] = {}
    for fault in faults(report):
        lines.setdefault((fault.attack, fault.state, fault.verdict), []).append(fault)
    items = [_fault(these) for these in sorted(lines.values(), key=lambda these: -WEIGHT.index(these[0].verdict))]
    shown = "".join(items[:FAULTS_SHOWN])
    if more := "".join(items[FAULTS_SHOWN:]):
        shown += f"<li><details><summary>and {len(items) - FAULTS_SHOWN} more</summary><ul>{more}</ul></details></li>"
    return f'<ul class="faults">{shown}</ul>' if shown else ""


def _fault(these: Sequence[Fault]) -> str:
    first = these[0]
    many = f" and {len(these) - 1} more like it" if len(these) > 1 else ""
    where = (
        f'<a href="#{escape(anchor(first.attack, first.state))}">{escape(first.where)}</a>'
        if first.attack
        else first.where
    )
    return (
        f'<li class="{first.verdict.name.lower()}"><strong>{escape(first.verdict.value)}</strong> '
        f"<span>{where}{many}: {escape(first.evidence)}</span></li>"
    )


def _disturbances(report: Report) -> str:
    names = disturbances(report)
    if not names:
        return ""
    listed = ", ".join(f"<b>{number}</b> {escape(name)}" for number, name in enumerate(names, 1))
    return f'<p class="soft">What was disturbed, and when: {listed}.</p>'


def _classes(report: Report) -> str:
    return _table(("class", "frames", ""), classes_rows(report.confined.judgement))


def _table(heads: Iterable[str], rows: Iterable[tuple[str, int, str]]) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in heads)
    body = "".join(
        f'<tr><td>{escape(name)}</td><td class="number">{count}</td><td class="soft">{escape(why)}</td></tr>'
        for name, count, why in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
