"""Running other programs: they are logged, have a time limit, and their failures are reported."""

import os
import time

import pytest

from nsguard.system import process


def test_a_change_is_said_and_its_input_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    process.change("cat", stdin="secret")
    process.change("cat", "-", stdin="secret", shown=["first", "second"])
    assert capsys.readouterr().err == "+ cat\n+ first\n+ second\n"
    assert process.ask("echo", "x") == "x\n"
    assert capsys.readouterr().err == ""


def test_what_failed_is_one_line() -> None:
    with pytest.raises(process.CommandFailed) as failed:
        process.ask("sh", "-c", "echo >&2; echo first >&2; echo second >&2; exit 3")
    assert str(failed.value).endswith("` failed (3): first")
    with pytest.raises(process.CommandFailed, match="no nsguard-nothing in PATH"):
        process.ask("nsguard-nothing")


def test_what_cannot_start_is_a_failed_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the error would prevent the next steps of undoing a change."""

    def refuse(*_: object, **__: object) -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "posix_spawnp", refuse)
    with pytest.raises(process.CommandFailed, match="`ip link` cannot run: Resource temporarily unavailable"):
        process.change("ip", "link")


@pytest.mark.parametrize("script", ["exec sleep 60", "sleep 60 & exec sleep 60", "trap '' TERM; exec sleep 60"])
def test_what_hangs_is_killed(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(process, "TIMEOUT", 0.1)
    start = time.monotonic()
    with pytest.raises(process.CommandFailed, match=r"did not end within 0\.1 s"):
        process.ask("sh", "-c", script)
    assert time.monotonic() - start < 5


def test_undoing_is_done_once_and_the_cause_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    undone: list[str] = []
    with pytest.raises(KeyError), process.undone_by(lambda: undone.append("x")):
        raise KeyError
    with process.undone_by(lambda: undone.append("y")):
        pass
    assert undone == ["x"]

    def fails() -> None:
        process.ask("false")

    with pytest.raises(KeyError), process.undone_by(fails):
        raise KeyError
    assert "nsguard: undoing failed in part: `false` failed (1)" in capsys.readouterr().err
