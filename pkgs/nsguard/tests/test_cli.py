"""The command line: which arguments it accepts, and which modules each command imports."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from box import LAUNCHER
from nsguard import cli

SOURCES = Path(__file__).resolve().parent.parent / "src"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("netns", "netns: a verb is missing, one of up, down, rules; see nsguard netns --help"),
        ("netns up", "netns up: name one namespace; see nsguard netns up --help"),
        ("netns up a b", "netns up: name one namespace; see nsguard netns up --help"),
        ("netns rload a", "netns: no such verb: 'rload'; see nsguard netns --help"),
        ("tunnel rload a", "tunnel: no such verb: 'rload' (did you mean reload?); see nsguard tunnel --help"),
        ("launch", "launch: too few arguments; see nsguard launch --help"),
        ("statsu vpn", "no such command: 'statsu' (did you mean status?); see nsguard --help"),
        ("app serve", "no such command: 'app'; see nsguard --help"),
    ],
)
def test_what_is_no_command(arguments: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments.split()) == 2
    assert capsys.readouterr().err == f"nsguard: {message}\n"


def test_a_command_with_a_line_break_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["x\ny"]) == 2
    assert capsys.readouterr().err == "nsguard: no such command: 'x\\ny'; see nsguard --help\n"


@pytest.mark.parametrize("arguments", [["a", "b"], ["--jsn"], ["--exit-address"]])
def test_status_refuses_what_it_does_not_know(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("nsguard: ")
    assert said.endswith("; see nsguard status --help\n")
    assert said.count("\n") == 1


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    written = tomllib.loads((LAUNCHER.parent.parent / "pyproject.toml").read_text())["project"]["version"]
    assert capsys.readouterr().out == f"nsguard {written}\n"


OF_RUN = {"re", "enum", "json", "signal", "contextlib", "collections", "ctypes", "socket"}


@pytest.mark.parametrize(
    ("module", "besides"),
    [
        ("lifecycle.netns", {"re", "enum", "json", "signal", "contextlib", "collections", "ipaddress", "ctypes"}),
        ("lifecycle.tunnel", {"re", "enum", "json", "signal", "contextlib", "socket"}),
        (
            "lifecycle.teardown",
            {"re", "enum", "json", "signal", "contextlib", "collections", "ipaddress", "ctypes", "nsguard.spec.spec"},
        ),
        ("run.client", OF_RUN | {"struct"}),
        ("run.session", OF_RUN | {"struct"}),
        ("run.supervise", OF_RUN),
    ],
)
def test_what_a_short_command_does_not_load(module: str, besides: set[str]) -> None:
    """systemd starts these commands often, so they import no slow module that they do not need."""
    code = f"import sys; sys.path.insert(0, {str(SOURCES)!r}); import nsguard.{module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-IS", "-c", code], check=True, capture_output=True, text=True).stdout
    assert f"nsguard.{module}" in loaded.split()
    slow = {"typing", "dataclasses", "inspect", "argparse", "subprocess", "logging", *besides}
    assert not slow & set(loaded.split())
