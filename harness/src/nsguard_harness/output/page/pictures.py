"""Two pictures in SVG: the lab, and the wire over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from html import escape
from math import log1p

from ...addresses import Addresses
from ...capture import Frame
from ...run.states import UP
from ...run.suite import Report, Run, Span

WIDTH = 1000
LEFT, RIGHT = 118, 985
BINS = 400
TUNNEL, QUIET, OUTSIDE = "tunnel", "neighbours", "outside it"
LANES = (OUTSIDE, TUNNEL, QUIET)
LANE_HEIGHT, PANEL_HEAD, PANEL_FOOT = 46, 38, 34


def topology(at: Addresses, leaked: bool) -> str:
    """The two machines, the tunnel between them, and where the capture stands."""
    way_out = "and something got past it" if leaked else "nothing got past it"
    leak = '<path class="leak-path" d="M335 205 V262 H395 M450 262 H700"/>' if leaked else ""
    return f"""<svg viewBox="0 0 {WIDTH} 340" role="img" aria-label="The lab: {escape(way_out)}">
{box(20, 20, 430, 300, "client", at.client.v4)}
{box(700, 20, 280, 300, "server", at.server.v4)}
<rect class="inner" x="45" y="75" width="300" height="130" rx="8"/>
{text(60, 98, "network namespace")}
<rect class="box" x="60" y="120" width="110" height="60" rx="6"/>{text(115, 155, "service", middle=True)}
<rect class="box" x="225" y="120" width="105" height="60" rx="6"/>
{text(277, 147, "wg0", middle=True)}{text(277, 166, at.tunnel_client.v4, small=True, middle=True)}
<path class="wire" d="M170 150 H225"/>
<rect class="inner" x="45" y="225" width="300" height="75" rx="8"/>
{text(60, 250, "the host's own")}
{text(60, 273, "resolver, D-Bus, nscd, systemd, other processes", small=True)}
<path class="wire" d="M450 262 H700"/>
{leak}
<path class="tunnel" d="M330 150 H715"/>
{text(575, 135, "tunnel", middle=True)}
<circle class="tap" cx="575" cy="262" r="9"/>
{text(575, 290, "captured here,", small=True, middle=True)}
{text(575, 305, "outside the client", small=True, middle=True)}
{text(415, 267, "eth0", middle=True)}
<path class="wire" d="M345 262 H395"/>
<rect class="inner" x="715" y="75" width="250" height="130" rx="8"/>
{text(730, 98, "end of the tunnel")}{text(730, 120, f"{at.endpoint.v4}:{at.endpoint_port}", small=True)}
{text(730, 150, f"inside: {at.tunnel_server.v4}, its resolver", small=True)}
{text(730, 172, f"beyond: web and echo, {at.web.v4}", small=True)}
<rect class="inner" x="715" y="225" width="250" height="75" rx="8"/>
{text(730, 250, "the uplink's network")}
{text(730, 273, "gateway, host, the uplink's resolver", small=True)}
</svg>"""


def box(x: int, y: int, width: int, height: int, name: str, address: str) -> str:
    """A machine: its frame, its name and its address."""
    return (
        f'<rect class="box" x="{x}" y="{y}" width="{width}" height="{height}" rx="12"/>'
        f"{text(x + 22, y + 34, name)}{text(x + 80, y + 34, address, small=True)}"
    )


def text(x: float, y: float, words: str, *, small: bool = False, middle: bool = False) -> str:
    """Words at a place."""
    more = ' class="small"' if small else ""
    more += ' text-anchor="middle"' if middle else ""
    return f'<text x="{x:g}" y="{y:g}"{more}>{escape(words)}</text>'


def timeline(report: Report) -> str:
    """What passed on the wire in both phases: inside the tunnel, outside it, and between neighbours."""
    height = len(LANES) * LANE_HEIGHT + PANEL_HEAD + PANEL_FOOT
    numbers = {name: i for i, name in enumerate(disturbances(report), 1)}
    panels = _panel(report.confined, "confined", 0, numbers, "leak-mark")
    panels += _panel(report.control, "unconfined, as control", height, numbers, "control-mark")
    label = "Frames on the wire over time: confined, then the controls"
    return f'<svg viewBox="0 0 {WIDTH} {2 * height}" role="img" aria-label="{label}">{panels}</svg>'


def disturbances(report: Report) -> list[str]:
    """What the timeline marks with numbers, in order: attacks that ran by themselves, and states of the tunnel."""
    return list(dict.fromkeys(filter(None, map(label, report.confined.spans))))


def label(span: Span) -> str:
    """What a span is marked as; empty for the attacks that ran side by side while the tunnel was up."""
    return span.name or (f"all, {span.state}" if span.state != UP.name else "")


def _panel(run: Run, title: str, top: int, numbers: dict[str, int], mark: str) -> str:
    times = [frame.time for frame in run.frames] + [t for span in run.spans for t in (span.start, span.end)]
    if not times:
        return text(20, top + 24, f"{title}: nothing was captured")
    start, end = min(times), max(times)
    scale = (RIGHT - LEFT) / max(end - start, 0.001)
    lanes = sorted_frames(run)
    foot = top + PANEL_HEAD + len(LANES) * LANE_HEIGHT
    parts = [text(20, top + 24, title)]
    parts += _bands(run, numbers, top + PANEL_HEAD - 6, foot, lambda time: LEFT + (time - start) * scale)
    for number, lane in enumerate(LANES):
        base = top + PANEL_HEAD + (number + 1) * LANE_HEIGHT - 6
        parts.append(text(20, base - 16, lane))
        parts.append(text(20, base - 2, f"{len(lanes[lane])} frames", small=True))
        parts.append(f'<path class="lane" d="M{LEFT} {base} H{RIGHT}"/>')
        moments = [LEFT + (frame.time - start) * scale for frame in lanes[lane]]
        parts.append(_marks(moments, base, mark) if lane == OUTSIDE else _bars(moments, base, lane))
    parts += _ticks(end - start, scale, foot)
    return "".join(parts)


def _bands(run: Run, numbers: dict[str, int], top: float, foot: float, place: Callable[[float], float]) -> list[str]:
    """The spans with a label, shaded in turns; a number stands above each that leaves room for it."""
    parts, free = [], 0.0
    for turn, span in enumerate(run.spans):
        if not (name := label(span)):
            continue
        x, width = place(span.start), max(2.0, place(span.end) - place(span.start))
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
    """By the protocol's place in the two headers (RFC 791, RFC 8200); what is asked about the judge has allowed."""
    return data[{b"\x08\0": 23, b"\x86\xdd": 20}.get(data[12:14], 0)] == 17


def _marks(moments: Iterable[float], base: float, style: str) -> str:
    """Each moment with a frame as a diamond; many at one place as one."""
    places = sorted({round(x / 3) * 3 for x in moments})
    return "".join(f'<path class="{style}" d="M{x} {base - 24} l6 9 l-6 9 l-6 -9 z"/>' for x in places)


def _bars(moments: Iterable[float], base: float, lane: str) -> str:
    """Frames for each bin of time, on a logarithmic scale."""
    width = (RIGHT - LEFT) / BINS
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


def _ticks(seconds: float, scale: float, foot: float) -> list[str]:
    step = next((s for s in (0.5, 1, 2, 5, 10, 30, 60, 120) if seconds / s <= 12), 300)
    marks = [step * number for number in range(int(seconds / step) + 1)]
    return [text(LEFT + mark * scale, foot + 14, f"{mark:g} s", small=True, middle=True) for mark in marks]
