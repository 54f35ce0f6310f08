"""The figures for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from rich import box
from rich.console import Console
from rich.table import Table

from ..output.plain import plain
from .figures import OURS, Count, Figure, Figures, Spread, Stage

RATIOS = "Ratios (CPU: of the processor time of the whole machine)"
WHERE_IT_GOES = "Where the time of a confined start goes"
UP_AT_ONCE = "Namespaces up at once"
ONE_START = "One start of a namespace and its tunnel, by the lines of the journal"
EVALUATION = "Evaluation of a host, and what nsguard adds to its values"


def show(console: Console, figures: Figures) -> None:
    """Print a table for each part that was measured."""
    console.print(plain(f"\n{figures.about()}"))
    parts = [
        (RATIOS, ratios(figures.figures)),
        (WHERE_IT_GOES, stages(figures.stages)),
        (UP_AT_ONCE, counts(figures.counts)),
        (ONE_START, stages(figures.steps)),
        (EVALUATION, evaluation(figures.evaluation)),
    ]
    for title, table in parts:
        if table.row_count:
            console.print(plain(f"\n{title}"), table)


def ratios(figures: Sequence[Figure]) -> Table:
    """A line for each pair that was compared."""
    table = _table(("what, and beside what",), (OURS, "beside", "ratio", "quartiles", "CPU", "goal", ""))
    for figure in figures:
        for other in figure.others():
            ratio = figure.ratio(other)
            table.add_row(
                plain(f"{figure.name}, {figure.unit}\n  {other}"),
                _number(figure, OURS),
                _number(figure, other),
                f"{ratio.median:.2f}",
                quartiles(ratio),
                processor(figure, other),
                goal(figure, other),
                {True: "reached", False: "missed", None: ""}[figure.reached(other)],
            )
    return table


def stages(parts: Sequence[Stage]) -> Table:
    """A line for each part of a time."""
    table = _table((), ("ms",))
    table.add_column("part", overflow="fold")
    for it in parts:
        table.add_row(f"{it.milliseconds:.1f}", plain(it.name))
    return table


def counts(figures: Sequence[Count]) -> Table:
    """A line for each count of namespaces."""
    table = _table((), ("namespaces", "seconds", "ms each", "MB each at rest", "ms of a start"))
    for it in figures:
        each = 1000 * it.seconds / it.namespaces
        table.add_row(str(it.namespaces), f"{it.seconds:.2f}", f"{each:.0f}", f"{it.megabytes:.2f}", f"{it.start:.0f}")
    return table


def evaluation(shares: Mapping[str, float]) -> Table:
    """A line for each host that was evaluated."""
    table = _table(("host",), ("more",))
    for host, more in shares.items():
        table.add_row(plain(host), f"{more:+.1%}")
    return table


def quartiles(ratio: Spread) -> str:
    """How far the middle half of the ratios reaches."""
    return f"{ratio.low:.2f} to {ratio.high:.2f}"


def processor(figure: Figure, other: str) -> str:
    """The median of the ratios of processor time."""
    ratio = figure.processor_ratio(other)
    return f"{ratio.median:.2f}" if ratio else ""


def goal(figure: Figure, other: str) -> str:
    """What the ratio is to be."""
    if other not in figure.goals:
        return ""
    return f"{'≥' if figure.more_is_better else '≤'} {figure.goals[other]:g}"


def _table(words: Sequence[str], numbers: Sequence[str]) -> Table:
    """Words are folded where the terminal is narrow, numbers never."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in words:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _number(figure: Figure, name: str) -> str:
    return f"{median(figure.samples[name]):,.0f}"
