"""The command line: what it takes, and what it loads for it."""

import subprocess
import sys

import pytest

from box import LAUNCHER
from nsguard import cli


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["netns"],
        ["netns", "up"],
        ["netns", "reload", "a"],
        ["tunnel", "verify", "a"],
        ["x\ny"],
    ],
)
def test_what_is_no_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("nsguard: no such command: ")
    assert said.endswith("; see nsguard --help\n")
    assert said.count("\n") == 1


@pytest.mark.parametrize("arguments", [["a", "b"], ["--jsn"], ["--exit-address"]])
def test_status_refuses_what_it_does_not_know(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("nsguard: ")
    assert said.endswith("; see nsguard status --help\n")
    assert said.count("\n") == 1


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("netns", "tunnel", "status", "up", "down", "verify", "reload", "--json"))


def test_verify_loads_next_to_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-IS", "-X", "importtime", str(LAUNCHER), "netns", "verify", "nowhere"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 255
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert {name for name in loaded if name.startswith("nsguard")} == {
        "nsguard",
        "nsguard.cli",
        "nsguard.errors",
        "nsguard.paths",
        "nsguard.verify",
    }
    assert not loaded & {"json", "subprocess", "re", "enum", "typing", "socket", "ctypes", "argparse"}
