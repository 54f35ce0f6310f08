"""The figures as one page of HTML that stands alone: no script, no network."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from html import escape
from statistics import median

from ..output.page import HERE
from ..output.page.drawing import WIDTH, svg, text
from . import tables
from .figures import OURS, Figure, Figures, Stage

TEMPLATE = string.Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>nsguard bench</title>
<style>
$style
figure svg { min-width: 640px; }
svg .mark { stroke: var(--ink); stroke-width: 2; fill: none; }
svg .lane { fill: none; }
.scroll { overflow-x: auto; }
svg .goal { stroke: var(--leak); stroke-width: 2; stroke-dasharray: 4 3; }
svg .part0 { fill: var(--quiet); } svg .part1 { fill: var(--tunnel); } svg .part2 { fill: var(--void); }
svg .part3 { fill: var(--error); } svg .part4 { fill: var(--ok); }
</style>
</head>
<body>
<main>
<h1>nsguard bench</h1>
<p class="about">$about</p>
$sections
</main>
</body>
</html>
""")
LABELS, RIGHT = 400, WIDTH - 70
COLUMNS = ("what", "unit", OURS, "beside it", "", "ratio", "quartiles", "CPU", "goal")
ROW, BAR, TOP = 40, 14, 34
PARTS = 5
PLOT_HEIGHT, PLOT_LEFT, PLOT_FOOT = 320, 60, 280


def page(figures: Figures) -> str:
    """The whole page; what was not measured has no section."""
    sections: list[tuple[str, str, str]] = []
    if figures.figures:
        sections.append(("Ratios", f"{RATIOS} {KEY}", bars(figures.figures) + table(figures)))
    if figures.stages:
        sections.append(("Where the time of a confined start goes", STAGES, _figure(stacked(figures.stages))))
    if figures.counts:
        up_at_once = plot({it.namespaces: it.seconds for it in figures.counts}, "s", COUNTS)
        sections.append(("Namespaces up at once", COUNTS, _figure(up_at_once)))
        beside = plot({it.namespaces: it.start for it in figures.counts}, "ms", BESIDE)
        sections.append(("A confined start beside them", BESIDE, _figure(beside)))
    if figures.steps:
        sections.append(("One start of a namespace and its tunnel", STEPS, steps(figures.steps)))
    if figures.evaluation:
        sections.append(("Evaluation of a host", EVALUATION, evaluation(figures)))
    return TEMPLATE.substitute(
        style=(HERE / "style.css").read_text(),
        about=escape(figures.about()),
        sections="\n".join(
            f'<h2>{escape(title)}</h2>\n<p class="soft">{escape(words)}</p>\n{body}' for title, words, body in sections
        ),
    )


RATIOS = "What nsguard takes, divided by what the other takes in the same round."
KEY = (
    "A bar ends at the median, the line across it joins the quartiles, the dashed line is the goal. "
    "CPU: the same ratio of the processor time of the whole machine, which other load changes less."
)
STAGES = "Medians: an unconfined start; what the sandbox adds; what nsguard-init adds."
COUNTS = "Seconds until all are up, by how many are started at once."
BESIDE = "Milliseconds of a confined start, by how many namespaces are up."
STEPS = "Milliseconds from each line of the journal to the next."
EVALUATION = "Values that Nix makes beyond those of the same host without nsguard."


def _figure(picture: str) -> str:
    return f"<figure>{picture}</figure>"


def _scrolled(rows: str) -> str:
    """A table that scrolls by itself where the window is narrower."""
    return f'<div class="scroll"><table>{rows}</table></div>'


def bars(figures: Sequence[Figure]) -> str:
    """Ratios, each beside its goal; more than the scale holds is cut off, and the number says it."""
    lines = [(figure, other) for figure in figures for other in figure.others()]
    most = min(6.0, max([1.1, *(figure.ratio(other).high for figure, other in lines)]))
    scale = (RIGHT - LABELS) / most
    parts = [_tick(LABELS + scale * mark, f"{mark:g}", len(lines)) for mark in _marks(most)]
    for number, (figure, other) in enumerate(lines):
        parts += _bar(figure, other, TOP + ROW * number, scale, most)
    return _figure(svg(WIDTH, TOP + ROW * len(lines) + 10, "Ratios, with quartiles and goals", parts))


def _marks(most: float) -> list[float]:
    step = 0.5 if most <= 3 else 1.0
    return [step * number for number in range(int(most / step) + 1)]


def _tick(x: float, words: str, rows: int) -> str:
    return (
        f'<path class="lane" d="M{x:.1f} {TOP - 6} V{TOP + ROW * rows}"/>'
        f"{text(x, TOP - 12, words, small=True, middle=True)}"
    )


def _bar(figure: Figure, other: str, top: int, scale: float, most: float) -> list[str]:
    ratio = figure.ratio(other)
    end, low, high = (LABELS + scale * min(most, value) for value in (ratio.median, ratio.low, ratio.high))
    middle = top + ROW / 2
    style = {True: "part4", False: "leak-mark", None: "quiet-bar"}[figure.reached(other)]
    words = f"{figure.name}, {other}: {ratio.median:.2f}, {tables.quartiles(ratio)}"
    parts = [
        text(LABELS - 12, middle - 2, figure.name, end=True),
        text(LABELS - 12, middle + 12, f"beside: {other}", small=True, end=True),
        f'<rect class="{style}" x="{LABELS}" y="{middle - BAR / 2:.1f}" width="{end - LABELS:.1f}" height="{BAR}">'
        f"<title>{escape(words)}</title></rect>",
        f'<path class="mark" d="M{low:.1f} {middle:.1f} H{high:.1f} M{low:.1f} {middle - 5:.1f} v10 '
        f'M{high:.1f} {middle - 5:.1f} v10"/>',
        text(RIGHT + 60, middle + 4, f"{ratio.median:.2f}", end=True),
    ]
    if (goal := figure.goals.get(other)) is not None and goal <= most:
        x = LABELS + scale * goal
        parts.append(f'<path class="goal" d="M{x:.1f} {top + 4} v{ROW - 8}"/>')
    return parts


def table(figures: Figures) -> str:
    """The same as numbers."""
    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    rows = []
    for figure in figures.figures:
        for other in figure.others():
            ratio, medians = figure.ratio(other), [median(figure.samples[name]) for name in (OURS, other)]
            words = f"<td>{escape(figure.name)}</td><td>{figure.unit}</td>"
            numbers = [f"{medians[0]:,.0f}", f"{medians[1]:,.0f}", f"{ratio.median:.2f}"]
            cells = [f'<td class="number">{number}</td>' for number in numbers]
            cells.insert(1, f"<td>{escape(other)}</td>")
            words_after = (tables.quartiles(ratio), tables.processor(figure, other), tables.goal(figure, other))
            rest = "".join(f"<td>{word}</td>" for word in words_after)
            rows.append(f"<tr>{words}{''.join(cells)}{rest}</tr>")
    return _scrolled(f"<tr>{head}</tr>{''.join(rows)}")


def stacked(stages: Sequence[Stage]) -> str:
    """The parts of one start, one after the other."""
    whole = sum(stage.milliseconds for stage in stages) or 1.0
    x, parts, left = 20.0, [], WIDTH - 40
    for number, stage in enumerate(stages):
        width = left * stage.milliseconds / whole
        words = f"{stage.name}: {stage.milliseconds:.1f} ms"
        parts.append(
            f'<rect class="part{number % PARTS}" x="{x:.1f}" y="20" width="{width:.1f}" height="40">'
            f"<title>{escape(words)}</title></rect>"
        )
        parts.append(f'<rect class="part{number % PARTS}" x="20" y="{78 + 22 * number}" width="12" height="12"/>')
        parts.append(text(40, 89 + 22 * number, words))
        x += width
    return svg(WIDTH, 90 + 22 * len(stages), "Parts of the time of one start", parts)


def plot(values: Mapping[int, float], unit: str, title: str) -> str:
    """A value by the count of namespaces."""
    most, highest = max(values), max(values.values()) or 1.0
    across, up = (WIDTH - PLOT_LEFT - 60) / most, (PLOT_FOOT - 30) / highest
    places = [(PLOT_LEFT + across * count, PLOT_FOOT - up * value, count) for count, value in values.items()]
    line = " ".join(f"{'L' if number else 'M'}{x:.1f} {y:.1f}" for number, (x, y, _) in enumerate(places))
    parts = [
        f'<path class="lane" d="M{PLOT_LEFT} 20 V{PLOT_FOOT} H{WIDTH - 20}"/>',
        f'<path class="mark" d="{line}"/>',
        text(WIDTH - 20, PLOT_FOOT + 34, "namespaces", small=True, end=True),
        text(PLOT_LEFT - 8, 30, unit, small=True, end=True),
    ]
    for x, y, count in places:
        parts.append(f'<circle class="tunnel-bar" cx="{x:.1f}" cy="{y:.1f}" r="5"/>')
        parts.append(text(x, y - 10, f"{values[count]:.1f}", small=True, middle=True))
        parts.append(text(x, PLOT_FOOT + 16, str(count), small=True, middle=True))
    return svg(WIDTH, PLOT_HEIGHT, title, parts)


def steps(stages: Sequence[Stage]) -> str:
    """Each step with its time."""
    rows = (
        f'<tr><td class="number">{stage.milliseconds:.1f}</td><td class="mono">{escape(stage.name)}</td></tr>'
        for stage in stages
    )
    return _scrolled(f"<tr><th>ms</th><th>step</th></tr>{''.join(rows)}")


def evaluation(figures: Figures) -> str:
    """Each host with what nsguard adds to it."""
    rows = (
        f'<tr><td>{escape(host)}</td><td class="number">{more:+.1%}</td></tr>'
        for host, more in figures.evaluation.items()
    )
    return _scrolled(f"<tr><th>host</th><th>values</th></tr>{''.join(rows)}")
