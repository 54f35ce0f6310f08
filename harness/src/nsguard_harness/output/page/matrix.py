"""The matrix: a line for each attack, a badge for each identity and family, and behind each line the evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from ... import attacks
from ...capture import Frame
from ...description import describe
from ...run.states import UP
from ...run.suite import Report, Result, Run, Verdict
from ...verdict.judge import Leak, counted
from ..report import FAMILIES, MARKS, WEIGHT

SIGNS = {Verdict.CONTAINED: "✓", Verdict.LEAKED: "✕", Verdict.VACUOUS: "?", Verdict.ERROR: "!", Verdict.CANNOT: "–"}
GOOD = (Verdict.CONTAINED, Verdict.CANNOT)
SHOWN_FRAMES = 3
FEW = 5  # attacks at fault that are unfolded from the beginning
DUMPED_BYTES = 160

Column = tuple[str, int]


def badge(verdict: Verdict) -> str:
    """A verdict in colour, as a sign and as a word."""
    return f'<span class="badge {verdict.name.lower()}">{SIGNS[verdict]} {escape(MARKS[verdict])}</span>'


def anchor(attack: str, state: str) -> str:
    """The id of an attack's line."""
    return f"{state}-{attack}"


def matrix(report: Report) -> str:
    """All states one after another, the first and those with a fault unfolded.

    An attack that cannot apply in any state of the run is shown with the reason; one that can in some is left out of
    the others, but for the first.
    """
    states: dict[str, list[Result]] = {}
    apply = {result.attack for result in report.results if result.verdict is not Verdict.CANNOT}
    for result in report.results:
        if result.verdict is not Verdict.CANNOT or result.attack not in apply or result.state == UP.name:
            states.setdefault(result.state, []).append(result)
    if len(states) == 1:
        return _grid(report, report.results)
    parts = []
    for number, (state, results) in enumerate(states.items()):
        worst = max((result.verdict for result in results), key=WEIGHT.index)
        opened = " open" if number == 0 or worst not in GOOD else ""
        summary = f"<summary>{badge(worst)} {escape(state)}: {len(results)} attempts</summary>"
        parts.append(f'<details class="state"{opened}>{summary}{_grid(report, results)}</details>')
    return "".join(parts)


def _grid(report: Report, results: Sequence[Result]) -> str:
    identities = dict.fromkeys(result.identity for result in results)
    columns = [(identity, family) for identity in identities for family in (4, 6)]
    heads = "".join(f"<span>{escape(identity)} IPv{family}</span>" for identity, family in columns)
    parts = [f'<div class="row head"><span>attack</span>{heads}</div>']
    lines: dict[str, list[Result]] = {}
    for result in results:
        lines.setdefault(result.attack, []).append(result)
    last = ""
    for attack, cells in lines.items():
        if (family := family_of(attack)) != last:
            parts.append(f'<div class="family">{escape(family)}</div>')
            last = family
        parts.append(_attack(report, attack, cells, columns))
    return f'<div class="grid" style="--columns: {len(columns)}">{"".join(parts)}</div>'


def family_of(attack: str) -> str:
    """The file that defines an attack, without its ending; empty for an attack that is not in the catalogue."""
    known = attacks.registry().get(attack)
    return known.__module__.rpartition(".")[2] if known else ""


def _attack(report: Report, name: str, cells: Sequence[Result], columns: Iterable[Column]) -> str:
    # an attack without a family stands in the first column
    placed = {(cell.identity, cell.family or 4): cell for cell in cells}
    badges = "".join(_badge(placed.get(column)) for column in columns)
    body = _description(name) + "".join(_cell(report, cell) for cell in cells)
    faulty = {cell.attack for cell in report.results if cell.verdict not in GOOD}
    opened = " open" if name in faulty and len(faulty) <= FEW and any(c.verdict not in GOOD for c in cells) else ""
    return (
        f'<details id="{escape(anchor(name, cells[0].state))}"{opened}>'
        f'<summary class="attack"><span class="mono">{escape(name)}</span>{badges}</summary>'
        f'<div class="evidence">{body}</div></details>'
    )


def _badge(cell: Result | None) -> str:
    return badge(cell.verdict) if cell else '<span class="none" title="does not apply">–</span>'


def _description(name: str) -> str:
    attack = attacks.registry().get(name)
    if attack is None:
        return ""
    description = describe(attack)
    parts = {key: getattr(description, key) for key in ("claim", "method", "limitations", "source")}
    return "<dl>" + "".join(f"<dt>{key}</dt><dd>{escape(text)}</dd>" for key, text in parts.items()) + "</dl>"


def _cell(report: Report, cell: Result) -> str:
    who = " ".join(filter(None, ("as", cell.identity, FAMILIES[cell.family])))
    confined = (
        f"<div><h4>confined</h4>{escape(cell.evidence)}{_reported(cell.said)}{_frames(report.confined, cell)}</div>"
    )
    witness = cell.control or "not seen"
    control = f"<div><h4>unconfined, as control</h4>{escape(witness)}{_frames(report.control, cell)}</div>"
    return (
        f'<div class="cell"><h3>{badge(cell.verdict)}{escape(who)} <code class="soft">{escape(cell.token)}</code></h3>'
        f'<div class="sides">{confined}{control}</div></div>'
    )


def _reported(report: str) -> str:
    return f'<br><span class="soft">the attacker says: {escape(report)}</span>' if report else ""


def _frames(run: Run, cell: Result) -> str:
    """The frames that carry a cell's token, decoded, and as they were."""
    leaks = run.judgement.of(cell.token)
    if not leaks:
        return ""
    data = frames_by_time(run.frames)
    text = "\n\n".join(_decoded(leak, data.get((leak.time, leak.wire))) for leak in leaks[:SHOWN_FRAMES])
    more = f"\n\nand {len(leaks) - SHOWN_FRAMES} more" if len(leaks) > SHOWN_FRAMES else ""
    return f"<details><summary>{counted(len(leaks), 'frame')}</summary><pre>{escape(text + more)}</pre></details>"


def frames_by_time(frames: Iterable[Frame]) -> Mapping[tuple[float, str], bytes]:
    """The bytes of frames, by the time and wire that a leak names."""
    return {(frame.time, frame.wire): frame.data for frame in frames}


def _decoded(leak: Leak, data: bytes | None) -> str:
    lines = [leak.summary, f"{leak.reason}, at {leak.time:.6f} on {leak.wire}"]
    return "\n".join(lines + (dump(data) if data else []))


def dump(data: bytes) -> list[str]:
    """Bytes as lines of 16: offset, hexadecimal, and what of it is text."""
    lines = []
    for offset in range(0, min(len(data), DUMPED_BYTES), 16):
        part = data[offset : offset + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{offset:04x}  {part.hex(' '):<47}  {text}")
    return lines
