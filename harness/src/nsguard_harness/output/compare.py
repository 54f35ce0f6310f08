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

    one: Result | None
    other: Result | None

    @property
    def cell(self) -> Result:
        """Where, whichever report has it."""
        cell = self.one or self.other
        assert cell is not None
        return cell

    @property
    def cannot(self) -> bool:
        """Whether both tried, and one could not."""
        both = (self.one, self.other)
        return None not in both and Verdict.CANNOT in {result.verdict for result in both if result}


def cells(results: Iterable[Result]) -> Cells:
    """Results by what does not change from run to run."""
    return {(one.attack, one.state, one.family, one.identity): one for one in results}


def read(path: Path) -> Cells:
    """The cells of a report as `--json` wrote it. Raises ReportError."""
    try:
        report = json.loads(path.read_text())
        if "error" in report:
            raise ReportError(f"{path}: tells of a run that failed: {report['error']}")
        return cells(_result(one) for one in report["results"])
    except OSError as error:
        raise ReportError(f"{path}: {error.strerror}; `run --json FILE` writes a report") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReportError(f"{path}: is no report as `run --json FILE` writes it: {error!r}") from error


def _result(one: Mapping[str, str]) -> Result:
    known = {it.name: one[it.name] for it in fields(Result) if it.name in one or it.default is MISSING}
    return Result(**{**known, "verdict": Verdict(one["verdict"])})  # type: ignore[arg-type]


def differences(one: Cells, other: Cells) -> list[Difference]:
    """Every cell whose verdict differs, or that one of them alone has."""
    pairs = [Difference(one.get(key), other.get(key)) for key in dict.fromkeys((*one, *other))]
    return [pair for pair in pairs if not pair.one or not pair.other or pair.one.verdict is not pair.other.verdict]
