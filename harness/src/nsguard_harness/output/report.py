"""A run as people and programs read it: tables for the terminal, JSON for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..run.states import UP
from ..run.suite import Report, Result, Run, Verdict
from ..verdict.judge import Judgement
from ..verdict.rules import ALLOWED_EGRESS, HOST, INJECTED, ROUTER, RULES
from .plain import plain

if TYPE_CHECKING:
    from ..mutants import Fate
    from ..planted import Find
    from .about import About
    from .compare import Cells, Difference

STYLE = {Verdict.CONTAINED: "green", Verdict.LEAKED: "bold red", Verdict.VACUOUS: "yellow", Verdict.ERROR: "magenta"}
STYLE[Verdict.CANNOT] = "dim"
# short, so that a line of the table fits a terminal of 80 columns; they differ without colour, too
MARKS = {Verdict.CONTAINED: "ok", Verdict.LEAKED: "LEAKED", Verdict.VACUOUS: "vacuous", Verdict.ERROR: "error"}
MARKS[Verdict.CANNOT] = "n/a"
UNTRIED = "-"
# What a mark means whose word does not say it.
LEGEND = {"ok": "contained", "n/a": "cannot apply here", UNTRIED: "not tried as that user"}
# of several states a cell of the table shows the weightiest verdict
WEIGHT = (Verdict.CANNOT, Verdict.CONTAINED, Verdict.VACUOUS, Verdict.ERROR, Verdict.LEAKED)
FAMILIES = {0: "", 4: "IPv4", 6: "IPv6"}
UNOWNED_SHOWN = 10
KILLERS_SHOWN = 3


@dataclass(frozen=True)
class Fault:
    """Why a run is not green. where: attack, family, identity and state; attack: empty for leaks without one."""

    verdict: Verdict
    where: str
    evidence: str
    attack: str = ""
    state: str = UP.name


def faults(report: Report) -> list[Fault]:
    """Every cell that is vacuous, in error or leaked, and the first of the leaks that belong to no attack."""
    failed = [
        Fault(result.verdict, where(result), result.evidence, result.attack, result.state)
        for result in report.results
        if result.verdict not in (Verdict.CONTAINED, Verdict.CANNOT)
    ]
    unowned = report.confined.judgement.unowned[:UNOWNED_SHOWN]
    return failed + [Fault(Verdict.LEAKED, "unowned", f"{leak.summary}: {leak.reason}") for leak in unowned]


def where(result: Result) -> str:
    """A cell in words."""
    state = "" if result.state == UP.name else f"while {result.state}"
    return " ".join(filter(None, (result.attack, FAMILIES[result.family], "as", result.identity, state)))


def attacks_table(report: Report) -> RenderableType:
    """A row for each attack, a column for each identity, `ok` for contained; below, what the marks mean, and why a cell
    is not contained.

    Of several families and states the weightiest verdict is shown; of an attack that cannot apply, the reason.
    """
    identities = list(dict.fromkeys(result.identity for result in report.results))
    rows: dict[str, dict[str, Result]] = {}
    for result in report.results:
        row = rows.setdefault(result.attack, {})
        row[result.identity] = max(
            row.get(result.identity, result), result, key=lambda cell: (WEIGHT.index(cell.verdict), bool(cell.control))
        )
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("attack", overflow="fold")
    for identity in identities:
        # the column that is never dropped or cut, however narrow the terminal
        table.add_column(identity, no_wrap=True, min_width=max(len(identity), *map(len, MARKS.values())))
    # a column that may wrap is the first to be narrowed; its cells do not wrap, but end early
    table.add_column("unconfined, as control", style="dim")
    for attack, cells in rows.items():
        lacking = (cell.evidence for cell in cells.values() if cell.verdict is Verdict.CANNOT)
        witness = plain(
            next((cell.control for cell in cells.values() if cell.control), next(lacking, "")).replace("\n", " ")
        )
        witness.no_wrap, witness.overflow = True, "ellipsis"
        table.add_row(plain(attack), *(_verdict(cells.get(identity)) for identity in identities), witness)
    marks = {_verdict(cells.get(identity)).plain for cells in rows.values() for identity in identities}
    legend = "; ".join(f"{mark}: {meaning}" for mark, meaning in LEGEND.items() if mark in marks)
    return Group(table, *([Text(legend, "dim")] if legend else []), *_explanations(report))


def _verdict(result: Result | None) -> Text:
    return Text(MARKS[result.verdict], STYLE[result.verdict]) if result else Text(UNTRIED, "dim")


def _explanations(report: Report) -> list[Text]:
    return [
        Text.assemble((fault.verdict, STYLE[fault.verdict]), plain(f" {fault.where}: {fault.evidence}"))
        for fault in faults(report)
    ]


def classes_rows(judgement: Judgement) -> list[tuple[str, int, str]]:
    """Frames by class and why they are allowed: first those that are, then leaks by kind, then what was lost."""
    why = {rule.name: rule.why for rule in (*RULES, ROUTER, INJECTED, HOST)}
    classes = sorted(judgement.classes.items(), key=lambda item: (item[0].startswith("!"), item[0]))
    rows = [(name.lstrip("!"), count, _why(name, why)) for name, count in classes]
    return [*rows, ("dropped", judgement.dropped, "frames that the capture lost")]


def _why(name: str, known: Mapping[str, str]) -> str:
    if name.startswith(ALLOWED_EGRESS):
        return "an exception of the configuration"
    return known.get(name, "a leak")


def classes_table(judgement: Judgement) -> Table:
    """Frames on the wire by class: the rule that allows them, or what they are."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("class")
    table.add_column("frames", justify="right")
    table.add_column("", style="dim")
    for name, count, why in classes_rows(judgement):
        table.add_row(plain(name, "bold red" if why == "a leak" else ""), str(count), plain(why))
    return table


def fate_line(fate: Fate, width: int) -> Text:
    """A mutant and the attacks that killed it, or that it survived; width: columns for its name."""
    names = ", ".join(red.attack for red in fate.killers[:KILLERS_SHOWN])
    more = len(fate.killers) - KILLERS_SHOWN
    line = Text(f"{fate.protection.name:<{width}}  ")
    line.append(names + (f" and {more} more" if more > 0 else "") or "SURVIVED", "" if names else "bold red")
    if fate.together_with:
        line.append(f" (with {', '.join(fate.together_with)} gone as well)", "dim")
    line.append(f"\n    {fate.protection.guards}", "dim")
    return line


def finds_table(finds: Sequence[Find]) -> Table:
    """What the suite found of each planted leak."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("planted")
    table.add_column("caught by")
    for find in finds:
        attacks = Text(", ".join(name for name in find.hole.leaks if name in find.caught))
        if find.missed:
            attacks.append(f" MISSED by {', '.join(find.missed)}", "bold red")
        table.add_row(plain(find.hole.what), attacks)
    return table


def differences_table(differences: Sequence[Difference], first: str, second: str) -> Table:
    """The cells in which two reports differ, and why, by the weightier verdict. first, second: the reports' names."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("cell", overflow="fold")
    for heading in (first, second):
        table.add_column(plain(heading), no_wrap=True, min_width=max(map(len, MARKS.values())))
    table.add_column("why", style="dim")
    for pair in differences:
        results = [cell for cell in (pair.first, pair.second) if cell and cell.verdict is not Verdict.CONTAINED]
        why = "; ".join(dict.fromkeys(result.evidence for result in results)) or "only one report has it"
        table.add_row(plain(where(pair.cell)), _verdict(pair.first), _verdict(pair.second), plain(why))
    return table


def compared_line(first: Cells, second: Cells, differences: Sequence[Difference]) -> str:
    """Two reports in one line."""
    both, differ = first.keys() & second.keys(), [pair for pair in differences if pair.first and pair.second]
    return (
        f"nsguard: {len(both)} cells in both, {len(both) - len(differ)} the same, {len(differ)} differ, "
        f"{sum(pair.cannot for pair in differ)} of them since it cannot apply in one; "
        f"{len(differences) - len(differ)} in one alone"
    )


def last_line(report: Report) -> str:
    """The run in one line; errors are named only where there are any."""
    counts = [(Verdict.CONTAINED, "contained"), (Verdict.LEAKED, "leaked"), (Verdict.VACUOUS, "vacuous")]
    if report.count(Verdict.ERROR):
        counts.append((Verdict.ERROR, "in error"))
    if report.count(Verdict.CANNOT):
        counts.append((Verdict.CANNOT, "cannot apply"))
    return "nsguard: " + ", ".join(f"{report.count(verdict)} {word}" for verdict, word in counts)


def as_json(report: Report, about: About | None = None) -> dict[str, Any]:
    """Everything but the frames, as plain data; docs/testing.md describes it. A change of meaning changes `version`."""
    return {
        "version": 1,
        "about": about.rows() if about else None,
        "status": report.status,
        "counts": {verdict.value: report.count(verdict) for verdict in Verdict},
        "results": [asdict(result) for result in report.results],
        "confined": _phase(report.confined),
        "control": _phase(report.control),
    }


def _phase(run: Run) -> dict[str, Any]:
    judged = run.judgement
    return {
        "seconds": round(run.seconds, 3),
        "frames": judged.frames,
        "dropped": judged.dropped,
        "classes": dict(judged.classes),
        "unowned": [asdict(leak) for leak in judged.unowned],
        "spans": [asdict(span) for span in run.spans],
    }
