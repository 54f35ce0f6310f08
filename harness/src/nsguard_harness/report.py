"""A run as people and programs read it: tables for the terminal, JSON for the rest."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .judge import Judgement
from .rules import INJECTED, RULES
from .states import UP
from .suite import Report, Result, Run, Verdict

STYLE = {Verdict.CONTAINED: "green", Verdict.LEAKED: "bold red", Verdict.VACUOUS: "yellow", Verdict.ERROR: "magenta"}
STYLE[Verdict.CANNOT] = "dim"
# short, so that a line of the table fits a terminal of 80 columns; they differ without colour, too
MARKS = {Verdict.CONTAINED: "ok", Verdict.LEAKED: "LEAKED", Verdict.VACUOUS: "vacuous", Verdict.ERROR: "error"}
MARKS[Verdict.CANNOT] = "n/a"
# of several states a cell of the table shows the weightiest verdict
WEIGHT = (Verdict.CANNOT, Verdict.CONTAINED, Verdict.VACUOUS, Verdict.ERROR, Verdict.LEAKED)
FAMILIES = {0: "", 4: "IPv4", 6: "IPv6"}


def attacks_table(report: Report) -> RenderableType:
    """A row for each attack, a column for each identity and family, `ok` for contained; below, why a cell is not."""
    identities = list(dict.fromkeys(result.identity for result in report.results))
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("attack", no_wrap=True)
    for identity in identities:
        for family in (4, 6):
            table.add_column(f"{identity} v{family}", no_wrap=True)
    table.add_column("unconfined, as control", style="dim", overflow="ellipsis", no_wrap=True, ratio=1)
    rows: dict[str, dict[tuple[str, int], Result]] = {}
    for result in report.results:
        # an attack without a family stands in the first column
        row, column = rows.setdefault(result.attack, {}), (result.identity, result.family or 4)
        row[column] = max(row.get(column, result), result, key=lambda one: WEIGHT.index(one.verdict))
    for attack, cells in rows.items():
        columns = [cells.get((identity, family)) for identity in identities for family in (4, 6)]
        witness = next((cell.control for cell in cells.values() if cell.control), "")
        table.add_row(attack, *map(_verdict, columns), witness)
    return Group(table, *_explanations(report))


def _verdict(result: Result | None) -> Text:
    return Text(MARKS[result.verdict], STYLE[result.verdict]) if result else Text("-", "dim")


def _explanations(report: Report) -> list[Text]:
    lines = []
    for one in report.results:
        if one.verdict not in (Verdict.CONTAINED, Verdict.CANNOT):
            state = "" if one.state == UP.name else f"while {one.state}"
            where = " ".join(filter(None, (one.attack, FAMILIES[one.family], "as", one.identity, state)))
            lines.append(Text.assemble((one.verdict, STYLE[one.verdict]), f" {where}: {one.evidence}"))
    for leak in report.confined.judgement.unowned[:10]:
        lines.append(Text.assemble(("LEAKED", "bold red"), f" unowned: {leak.summary}: {leak.reason}"))
    return lines


def classes_table(judgement: Judgement) -> Table:
    """Frames on the wire by class: the rule that allows them, or what they are."""
    why = {rule.name: rule.why for rule in (*RULES, INJECTED)}
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("class")
    table.add_column("frames", justify="right")
    table.add_column("", style="dim")
    for name, count in sorted(judgement.classes.items(), key=lambda item: (item[0].startswith("!"), item[0])):
        leak = name.startswith("!")
        table.add_row(Text(name.lstrip("!"), "bold red" if leak else ""), str(count), why.get(name, "a leak"))
    table.add_row("dropped", str(judgement.dropped), "frames that the capture lost")
    return table


def last_line(report: Report) -> str:
    """The run in one line; errors are named only where there are any."""
    counts = [(Verdict.CONTAINED, "contained"), (Verdict.LEAKED, "leaked"), (Verdict.VACUOUS, "vacuous")]
    if report.count(Verdict.ERROR):
        counts.append((Verdict.ERROR, "in error"))
    if report.count(Verdict.CANNOT):
        counts.append((Verdict.CANNOT, "cannot apply"))
    return "nsguard: " + ", ".join(f"{report.count(verdict)} {word}" for verdict, word in counts)


def as_json(report: Report) -> dict[str, Any]:
    """Everything but the frames, as plain data. Times in seconds; `status` is the exit status."""
    return {
        "version": 1,
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
    }
