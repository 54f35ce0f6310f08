"""The help of nsguard and of each command."""

import pytest

from nsguard import cli, usage

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
    except SystemExit as end:  # argparse ends the process after it has printed help
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


def test_the_help_of_a_program_that_is_run_is_left_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["launch", "nothing", "--help"]) != 0
    assert "usage:" not in capsys.readouterr().out
