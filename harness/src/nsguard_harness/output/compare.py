"""Two reports side by side: where their verdicts differ. What one lab contains and another does not is a finding."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

from ..errors import HarnessError
from ..run.suite import Result, Verdict

Cells = Mapping[tuple[str, str, int, str], Result]


class ReportError(HarnessError):
    """A file that is no report of a run."""


@dataclass(frozen=True)
class Difference:
    """A cell without the same verdict in both reports; None where a report does not have it."""

    first: Result | None
    second: Result | None

    @property
    def cell(self) -> Result:
        """Where, whichever report has it."""
        cell = self.first or self.second
        assert cell is not None
        return cell

    @property
    def cannot(self) -> bool:
        """Whether both reports have the cell, and in one of them it cannot apply."""
        both = (self.first, self.second)
        return None not in both and Verdict.CANNOT in {result.verdict for result in both if result}


def cells(results: Iterable[Result]) -> Cells:
    """Results by what does not change from run to run."""
    return {(result.attack, result.state, result.family, result.identity): result for result in results}


def read(path: Path) -> Cells:
    """The cells of a report as `--json` wrote it. Raises ReportError."""
    try:
        report = json.loads(path.read_text())
        if "error" in report:
            raise ReportError(f"{path}: tells of a run that failed: {report['error']}")
        return cells(_result(record) for record in report["results"])
    except OSError as error:
        raise ReportError(f"{path}: {error.strerror}; `run --json FILE` writes a report") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReportError(f"{path}: is no report as `run --json FILE` writes it: {error!r}") from error


def _result(record: Mapping[str, str]) -> Result:
    known = {
        column.name: record[column.name]
        for column in fields(Result)
        if column.name in record or column.default is MISSING
    }
    return Result(**{**known, "verdict": Verdict(record["verdict"])})  # type: ignore[arg-type]


def differences(first: Cells, second: Cells) -> list[Difference]:
    """Every cell whose verdict differs, or that one of them alone has."""
    pairs = [Difference(first.get(key), second.get(key)) for key in dict.fromkeys((*first, *second))]
    return [pair for pair in pairs if not (pair.first and pair.second and pair.first.verdict is pair.second.verdict)]
