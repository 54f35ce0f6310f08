"""The command line: what it takes, and what it loads for it."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from box import LAUNCHER
from nsguard import cli, pages, usage

SOURCES = Path(__file__).resolve().parent.parent / "src"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("netns", "netns: a verb is missing, one of up, down; see nsguard netns --help"),
        ("netns up", "netns up: name one namespace; see nsguard netns up --help"),
        ("netns up a b", "netns up: name one namespace; see nsguard netns up --help"),
        ("netns rload a", "netns: no such verb: 'rload'; see nsguard netns --help"),
        ("tunnel rload a", "tunnel: no such verb: 'rload', did you mean reload?; see nsguard tunnel --help"),
        ("launch", "launch: too few arguments; see nsguard launch --help"),
        ("statsu vpn", "no such command: 'statsu', did you mean status?; see nsguard --help"),
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


PATHS = [
    [],
    *([name] for name in usage.COMMANDS),
    *([name, verb] for name, it in usage.COMMANDS.items() for verb in it.verbs),
]


@pytest.mark.parametrize("word", ["-h", "--help"])
@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_level_has_help_with_two_examples(path: list[str], word: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status: object = cli.main([*path, word])
    except SystemExit as end:  # as argparse ends
        status = end.code
    said = capsys.readouterr()
    assert (status or 0, said.err) == (0, "")
    assert said.out.startswith(f"usage: {' '.join(['nsguard', *path])}")
    examples = said.out.partition("examples:\n")[2].splitlines()
    assert sum(line.startswith("  ") and not line.startswith("   ") for line in examples) == 2


def test_nsguard_alone_lists_every_command_on_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert set(usage.COMMANDS) <= {words[0] for words in lines if len(words) > 2}


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    written = tomllib.loads((LAUNCHER.parent.parent / "pyproject.toml").read_text())["project"]["version"]
    assert capsys.readouterr().out == f"nsguard {written}\n"


def test_the_help_of_a_program_that_is_run_is_left_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["launch", "nothing", "--help"]) != 0
    assert "usage:" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["st"], {"status"}),
        (["tunnel", "re"], {"reload", "refresh"}),
        (["netns", "d"], {"down"}),
    ],
)
def test_bash_completes_commands_and_verbs(words: list[str], found: set[str]) -> None:
    asked = f'COMP_WORDS=(nsguard {" ".join(words)}); COMP_CWORD={len(words)}; _nsguard; echo "${{COMPREPLY[@]}}"'
    script = f"{pages.completion('bash')}\n{asked}"
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == found


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completions_know_every_command_and_are_well_formed(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in usage.COMMANDS)
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed, so nothing reads what is made for it")
    subprocess.run([shell, "-n", "/dev/stdin"], input=text, text=True, check=True)


def test_the_manual_says_what_the_help_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["manual"]) == 0
    plain = capsys.readouterr().out.replace("\\-", "-").replace("\\&", "")
    for command in usage.COMMANDS.values():
        assert command.summary[1:] in plain
        assert all(f"{line}\n{what}" in plain for line, what in command.examples.items())


@pytest.mark.parametrize("module", ["lifecycle.netns", "lifecycle.tunnel", "lifecycle.teardown", "run.client"])
def test_what_a_short_command_does_not_load(module: str) -> None:
    """Each is a start of Python by systemd, which loads nothing that takes long and that it can do without."""
    code = f"import sys; sys.path.insert(0, {str(SOURCES)!r}); import nsguard.{module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-IS", "-c", code], check=True, capture_output=True, text=True).stdout
    assert f"nsguard.{module}" in loaded.split()
    assert not {"typing", "dataclasses", "inspect", "argparse", "subprocess", "logging"} & set(loaded.split())
