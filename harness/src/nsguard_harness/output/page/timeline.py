"""The wire over time, in SVG: once as wide as a screen, once for a phone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from html import escape
from math import log1p

from ...capture import Frame
from ...run.states import UP
from ...run.suite import Report, Run, Span
from ...verdict.judge import counted
from .drawing import WIDTH, svg, text

NARROW = 400
LEFT, MARGIN = 118, 15
# a bin of time is so wide, and a mark below the lanes needs so much room
BIN, TICK = 2, 65
TUNNEL, QUIET, OUTSIDE = "tunnel", "neighbours", "outside it"
LANES = (OUTSIDE, TUNNEL, QUIET)
LANE_HEIGHT, PANEL_HEAD, PANEL_FOOT = 46, 38, 34


def timeline(report: Report, width: int = WIDTH) -> str:
    """What passed on the wire in both phases: inside the tunnel, outside it, and between neighbours."""
    right = width - MARGIN
    height = len(LANES) * LANE_HEIGHT + PANEL_HEAD + PANEL_FOOT
    numbers = {name: i for i, name in enumerate(disturbances(report), 1)}
    panels = [
        _panel(report.confined, "confined", 0, right, numbers, "leak-mark"),
        _panel(report.control, "unconfined, as control", height, right, numbers, "control-mark"),
    ]
    return svg(width, 2 * height, "Frames on the wire over time: confined, then the controls", panels)


def disturbances(report: Report) -> list[str]:
    """What the timeline marks with numbers, in order: attacks that ran by themselves, and states of the tunnel."""
    return list(dict.fromkeys(filter(None, map(label, report.confined.spans))))


def label(span: Span) -> str:
    """What a span is marked as; empty for the attacks that ran side by side while the tunnel was up."""
    return span.name or (f"all, {span.state}" if span.state != UP.name else "")


def _panel(run: Run, title: str, top: int, right: int, numbers: dict[str, int], mark: str) -> str:
    times = [frame.time for frame in run.frames] + [t for span in run.spans for t in (span.start, span.end)]
    if not times:
        return text(20, top + 24, f"{title}: nothing was captured")
    start, end = min(times), max(times)
    scale = (right - LEFT) / max(end - start, 0.001)
    lanes = sorted_frames(run)
    foot = top + PANEL_HEAD + len(LANES) * LANE_HEIGHT
    parts = [text(20, top + 24, title)]
    parts += _bands(run, numbers, top + PANEL_HEAD - 6, foot, lambda time: LEFT + (time - start) * scale)
    for number, lane in enumerate(LANES):
        base = top + PANEL_HEAD + (number + 1) * LANE_HEIGHT - 6
        parts.append(text(20, base - 16, lane))
        parts.append(text(20, base - 2, counted(len(lanes[lane]), "frame"), small=True))
        parts.append(f'<path class="lane" d="M{LEFT} {base} H{right}"/>')
        moments = [LEFT + (frame.time - start) * scale for frame in lanes[lane]]
        parts.append(_marks(moments, base, mark) if lane == OUTSIDE else _bars(moments, base, lane, right))
    parts += _ticks(end - start, scale, foot, (right - LEFT) // TICK)
    return "".join(parts)


def _bands(run: Run, numbers: dict[str, int], top: float, foot: float, x_of: Callable[[float], float]) -> list[str]:
    """The spans that have a label, shaded in turns, and a number above each where there is room for it.

    x_of: the place of a time, in seconds since the epoch, on the x axis.
    """
    parts, free = [], 0.0
    for turn, span in enumerate(run.spans):
        if not (name := label(span)):
            continue
        x, width = x_of(span.start), max(2.0, x_of(span.end) - x_of(span.start))
        style = "band" if turn % 2 else "band other"
        parts.append(
            f'<rect class="{style}" x="{x:.1f}" y="{top}" width="{width:.1f}" height="{foot - top}">'
            f"<title>{escape(name)}</title></rect>"
        )
        if x + width / 2 >= free:
            parts.append(text(x + width / 2, top - 4, str(numbers.get(name, "")), small=True, middle=True))
            free = x + width / 2 + 18
    return parts


def sorted_frames(run: Run) -> dict[str, list[Frame]]:
    """A run's frames by lane: what the judge condemned, what the tunnel sent, and the rest that is allowed."""
    condemned = {(leak.time, leak.wire) for leak in run.judgement.leaks}
    lanes: dict[str, list[Frame]] = {lane: [] for lane in LANES}
    for frame in run.frames:
        if (frame.time, frame.wire) in condemned:
            lanes[OUTSIDE].append(frame)
        else:
            lanes[TUNNEL if _is_udp(frame.data) else QUIET].append(frame)
    return lanes


def _is_udp(data: bytes) -> bool:
    """By the protocol's offset in the two headers (RFC 791, RFC 8200), for frames that the judge has allowed."""
    return data[{b"\x08\0": 23, b"\x86\xdd": 20}.get(data[12:14], 0)] == 17


def _marks(moments: Iterable[float], base: float, style: str) -> str:
    """Each moment with a frame as a diamond; many at one place as one."""
    places = sorted({round(x / 3) * 3 for x in moments})
    return "".join(f'<path class="{style}" d="M{x} {base - 24} l6 9 l-6 9 l-6 -9 z"/>' for x in places)


def _bars(moments: Iterable[float], base: float, lane: str, right: int) -> str:
    """Frames for each bin of time, on a logarithmic scale."""
    width = (right - LEFT) / max(1, (right - LEFT) // BIN)
    bins = Counter(int((x - LEFT) / width) for x in moments)
    most = log1p(max(bins.values(), default=1))
    style = "tunnel-bar" if lane == TUNNEL else "quiet-bar"
    bars = []
    for number, count in sorted(bins.items()):
        high = max(3.0, (LANE_HEIGHT - 14) * log1p(count) / most)
        x = LEFT + number * width
        bars.append(
            f'<rect class="{style}" x="{x:.1f}" y="{base - high:.1f}" width="{width:.1f}" height="{high:.1f}"/>'
        )
    return "".join(bars)


def _ticks(seconds: float, scale: float, foot: float, most: int) -> list[str]:
    step = next((s for s in (0.5, 1, 2, 5, 10, 30, 60, 120) if seconds / s <= most), 300)
    marks = [step * number for number in range(int(seconds / step) + 1)]
    return [text(LEFT + mark * scale, foot + 14, f"{mark:g} s", small=True, middle=True) for mark in marks]
