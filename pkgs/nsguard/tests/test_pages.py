"""Completions and the manual page, generated from the text of the help."""

import shutil
import subprocess

import pytest

from nsguard import cli, pages, usage


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
