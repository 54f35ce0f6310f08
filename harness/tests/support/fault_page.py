"""docs/faults.md: a table of faults, and of what `nsguard status` and `nsguard doctor` say of each, as tests saw it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from nsguard_harness.checkout import ROOT
from page_table import PageTable

TABLE = PageTable(
    ROOT / "docs/faults.md", "| fault | `nsguard status` | `nsguard doctor` |\n|---|---|---|\n", "NSGUARD_WRITE_FAULTS"
)
# What differs from run to run, and a word for it.
VARYING = (
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d UTC", "DATE"),
    (r"\bwithin [\d.]+ s\b", "within N s"),
    (r"\b\d+ (s|min|h|d)\b", "N min"),
    (r"\b\d+ times\b", "N times"),
    (r"(@[a-z-]+)-[0-9a-f]{6}\b", r"\1-…"),
    (r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=", "KEY"),
    (r"(nsguard-secrets-[a-z]+)-[0-9a-f]{6}\b", r"\1-…"),
    (r"\bPID \d+", "PID N"),
    (r"\b\d+ B\b|\b[\d.]+ [KMG]iB\b", "N KiB"),
    # the journal may have lost this reason with the helper that wrote it
    (r"(cannot listen at 127\.0\.0\.1:9092)(?!:)", r"\1: address already in use"),
    # processes and their numbers
    (r"(running for N min): .*", r"\1"),
)


def plain(line: str) -> str:
    """A line without what differs from run to run, and with single spaces."""
    for pattern, word in VARYING:
        line = re.sub(pattern, word, line)
    return " ".join(line.split())


@dataclass(frozen=True)
class Row:
    """fault: in words; status, doctor: the lines that each command says of it."""

    fault: str
    status: tuple[str, ...]
    doctor: tuple[str, ...]

    def without(self, *beginnings: str) -> Row:
        """The row without lines that begin so."""
        status, doctor = (
            tuple(line for line in lines if not line.startswith(beginnings)) for lines in (self.status, self.doctor)
        )
        return Row(self.fault, status, doctor)

    def __str__(self) -> str:
        return f"| {self.fault} | {_cell(self.status)} | {_cell(self.doctor)} |\n"


def added(before: Iterable[str], after: Iterable[str]) -> tuple[str, ...]:
    """The lines of an output that an earlier one did not have."""
    known = {plain(line) for line in before}
    return tuple(dict.fromkeys(line for line in map(plain, after) if line not in known))


def check(rows: Iterable[Row]) -> None:
    """The page has exactly these rows, in this order; or is written so."""
    TABLE.check("".join(map(str, rows)))


def _cell(lines: tuple[str, ...]) -> str:
    """Lines as code, one below the other; a bar would end the cell."""
    return "<br>".join(f"`{line.replace('|', '¦').replace('`', chr(39))}`" for line in lines) or "nothing"
