"""A comparison of two reports shows what differs and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nsguard_harness.attack import Lacking
from nsguard_harness.cli import main
from nsguard_harness.output.compare import cells, differences, read
from nsguard_harness.output.report import as_json
from nsguard_harness.run.suite import Report, Result, Run, Verdict
from nsguard_harness.verdict.judge import Judgement

HELD = Result("udp-lan", 4, "root", "ngaaaax0000", Verdict.CONTAINED, "nothing on the uplink", "sent", "seen")
LACKS = replace(
    HELD,
    attack="sctp",
    family=0,
    token="ngaaaax0001",
    verdict=Verdict.CANNOT,
    evidence="this kernel has no SCTP",
    lacking=Lacking.KERNEL,
)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.setenv("COLUMNS", "160")  # the width of the terminal that shows the table
    return [tmp_path / "container.json", tmp_path / "vm.json"]


def write(path: Path, *results: Result) -> None:
    path.write_text(json.dumps(as_json(Report(results, Run({}, {}, Judgement()), Run({}, {}, Judgement())))))


def compared(written: list[Path], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = main(["compare", *map(str, written)])
    output = capsys.readouterr()
    return status, output.out, output.err


def test_what_was_written_is_read_again(written: list[Path]) -> None:
    write(written[0], HELD, LACKS)
    assert list(read(written[0]).values()) == [HELD, LACKS]


def test_the_same_verdicts_of_two_runs_are_the_same(written: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    write(written[0], HELD, LACKS)
    write(written[1], LACKS, replace(HELD, token="ngbbbbx0007", evidence="through the tunnel", said="else"))
    line = "nsguard: 2 cells in both, 2 the same, 0 differ, 0 of them since it cannot apply in one; 0 in one alone\n"
    assert compared(written, capsys) == (0, line, "")


def test_what_differs_is_told_with_the_reason(written: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    silent = replace(HELD, state="server-silent")
    write(written[0], HELD, LACKS, silent)
    leaks = replace(HELD, verdict=Verdict.LEAKED, evidence="udp in clear")
    write(written[1], leaks, replace(LACKS, verdict=Verdict.CONTAINED, evidence="nothing on the uplink"))
    status, told, _ = compared(written, capsys)
    heading, *rows, line = told.splitlines()
    assert status == 1
    assert heading.split() == ["cell", "container", "vm", "why"]
    assert [row.split() for row in rows] == [
        ["udp-lan", "IPv4", "as", "root", "ok", "LEAKED", "udp", "in", "clear"],
        ["sctp", "as", "root", "n/a", "ok", "this", "kernel", "has", "no", "SCTP"],
        ["udp-lan", "IPv4", "as", "root", "while", "server-silent", "ok", "-", "only", "one", "report", "has", "it"],
    ]
    assert line == (
        "nsguard: 2 cells in both, 0 the same, 2 differ, 1 of them since it cannot apply in one; 1 in one alone"
    )


def test_a_lack_is_told_from_other_differences() -> None:
    other = cells([replace(HELD, verdict=Verdict.VACUOUS), replace(LACKS, verdict=Verdict.CONTAINED)])
    assert [pair.cannot for pair in differences(cells([HELD, LACKS]), other)] == [False, True]
    assert [pair.cannot for pair in differences(cells([LACKS]), {})] == [False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file or directory; `run --json FILE` writes a report"),
        ("{", "is no report as `run --json FILE` writes it: JSONDecodeError"),
        ("[]", "is no report as `run --json FILE` writes it: TypeError"),
        ('{"results": [{"attack": "udp-lan"}]}', "is no report as `run --json FILE` writes it: KeyError('family')"),
        ('{"version": 1, "status": 3, "error": "lab: it fell"}', "tells of a run that failed: lab: it fell"),
    ],
)
def test_what_is_no_report_is_told_in_one_line(
    text: str | None, message: str, written: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        written[0].write_text(text)
    write(written[1], HELD)
    status, told, error = compared(written, capsys)
    assert (status, told) == (3, "")
    assert error.startswith(f"nsguard-leaktest: {written[0]}: {message}")
    assert error.count("\n") == 1
