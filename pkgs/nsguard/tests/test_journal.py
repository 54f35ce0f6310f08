"""`nsguard journal`: what becomes of a connection to the journal, and of the program behind it."""

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from box import LAUNCHER, program
from nsguard import journal

SRC = LAUNCHER.parent.parent / "src"
# Tells on descriptor 9, a file, what it finds.
PROGRAM = """
import json, os, signal, sys
found = {
    "argv": open("/proc/self/cmdline").read().split("\\0")[:-1],
    "ignored": next(l for l in open("/proc/self/status") if l.startswith("SigIgn")).split()[1],
    "environment": dict(e.split("=", 1) for e in open("/proc/self/environ").read().split("\\0")[:-1]),
    "journal": [f"{os.fstat(d).st_dev}:{os.fstat(d).st_ino}" for d in (1, 2)],
}
open(sys.argv[1], "w").write(json.dumps(found))
print("to the journal")
print("<3>gravely", file=sys.stderr)
"""


class Journal:
    """Takes one connection when told to, and keeps what was said."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said = b""
        self.reading = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        self.reading.wait()
        with self._listener, self._listener.accept()[0] as stream:
            while data := stream.recv(4096):
                self.said += data

    def close(self) -> bytes:
        self.reading.set()
        self._thread.join()
        return self.said


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "stdout")
    yield made
    if not made.said:
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(str(made.path))
            made.close()


def start(path: Path, *words: str, **environment: str) -> "subprocess.Popen[str]":
    """`nsguard journal`, with its journal at `path`."""
    code = f"import sys; sys.path.insert(0, {str(SRC)!r}); from nsguard import cli, journal"
    code += f"; journal.JOURNAL = {str(path)!r}; sys.exit(cli.main(['journal', *sys.argv[1:]]))"
    command = [sys.executable, "-IS", "-c", code, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_the_program_finds_what_the_unit_gave_it_and_says_its_words_to_the_journal(
    listening: Journal, tmp_path: Path
) -> None:
    listening.reading.set()
    options = ["--identifier=an app", "--facility=local0", "--level=4", "--level-prefix=false", "--argv0=called"]
    words = [sys.executable, "-IS", "-c", PROGRAM, str(tmp_path / "found")]
    with start(listening.path, *options, *words, OWN="a=b", EMPTY="") as process:
        assert process.communicate() == ("", "")
        assert process.returncode == 0
    said = listening.close().decode().splitlines()
    assert said[:7] == ["an app", "", str(16 << 3 | 4), "0", "0", "0", "0"]
    assert sorted(filter(None, said[7:])) == ["<3>gravely", "to the journal"]
    found = json.loads((tmp_path / "found").read_text())
    stream = found["environment"].pop("JOURNAL_STREAM")
    assert found["journal"] == [stream, stream]
    assert found["environment"] == {"OWN": "a=b", "EMPTY": ""}
    assert found["argv"][0] == "called"


@pytest.mark.parametrize("options", [[], [f"--{name}=" for name in journal.OPTIONS]], ids=["none", "empty"])
def test_what_the_unit_does_not_say_is_as_systemd_has_it(listening: Journal, options: list[str]) -> None:
    listening.reading.set()
    with start(listening.path, *options, program("cat"), "/proc/self/comm") as process:
        assert process.wait() == 0
    said = listening.close().decode().splitlines()
    assert said[:7] == ["cat", "", str(3 << 3 | 6), "1", "0", "0", "0"]
    assert said[-1] == "cat"


@pytest.mark.parametrize(
    ("options", "ignored"), [([], True), (["--ignore-sigpipe=no"], False)], ids=["", "not ignored"]
)
def test_signals_are_as_the_unit_has_them(listening: Journal, options: list[str], *, ignored: bool) -> None:
    listening.reading.set()
    with start(listening.path, *options, program("grep"), "SigIgn", "/proc/self/status") as process:
        process.wait()
    mask = int(listening.close().decode().split()[-1], 16)
    assert bool(mask & 1 << signal.SIGPIPE - 1) is ignored
    assert not mask & 1 << signal.SIGXFSZ - 1


def test_the_program_waits_until_the_journal_has_read(listening: Journal, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with start(listening.path, program("touch"), str(begun)) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        assert not begun.exists()
        listening.reading.set()
        assert process.wait() == 0
    assert begun.exists()


def test_a_journal_that_does_not_read_is_not_waited_for_long(listening: Journal) -> None:
    with start(listening.path, program("true")) as process:
        assert process.wait(journal.PATIENCE + 20) == 0


def test_without_a_journal_the_program_runs_and_its_words_go_nowhere(tmp_path: Path) -> None:
    with start(tmp_path / "none", program("sh"), "-c", f"echo lost; {program('touch')} {tmp_path}/ran") as process:
        assert process.communicate() == (
            "",
            f"nsguard: {tmp_path}/none: No such file or directory; what {program('sh')} writes is not kept\n",
        )
        assert process.returncode == 0
    assert (tmp_path / "ran").exists()


def test_a_program_that_is_not_there(listening: Journal) -> None:
    listening.reading.set()
    with start(listening.path, "/nowhere/app") as process:
        assert process.wait() == journal.NOT_EXECUTED
    assert (
        listening.close().decode().splitlines()[-1] == "nsguard: cannot execute /nowhere/app: No such file or directory"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "journal needs a program to run; name it after the options"),
        (["--level=loud", "true"], "'loud' is none of emerg, alert, crit, err, warning, notice, info, debug; mend"),
        (["--facility=24", "true"], "'24' is none of kern, user,"),
        (["--prio=1", "true"], "journal has no option '--prio=1'; it has --identifier=, --facility="),
    ],
)
def test_what_it_refuses(words: list[str], message: str, tmp_path: Path) -> None:
    with start(tmp_path / "none", *words) as process:
        said = process.communicate()[1]
        assert process.returncode == 2
    assert said.startswith(f"nsguard: {message}")
    assert said.count("\n") == 1
