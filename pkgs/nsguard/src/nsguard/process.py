"""The one way to other programs: each change said aloud, each bounded in time, each interruptible.

A signal is taken between two programs, never within a step: it ends the program that runs and raises `Stopped`
once that is over, so that undoing starts from a known place.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

from nsguard.errors import NsguardError, Stopped

# A program that has not answered by then (seconds) is killed. Each takes milliseconds on a healthy machine.
TIMEOUT = 10.0

# The network namespace this process has entered, for lines that can be replayed from the host's.
inside: str | None = None
# Kept open by children, so that a program outliving a killed run still holds the namespace's lock.
# Not by systemctl: whatever it starts lives on.
lock: int | None = None

_stopped_by = 0
_undoing = False
_child = 0


class CommandFailed(NsguardError):
    """A program ended with another status than 0, or not in time. `said` is its standard error."""

    def __init__(self, argv: Sequence[str], how: str, said: str) -> None:
        self.said = said
        cause = next((line.strip() for line in said.splitlines() if line.strip()), "")
        super().__init__(f"`{replayable(argv)}` {how}{': ' + cause if cause else ''}")


def replayable(argv: Sequence[str]) -> str:
    """The command as one can type it in the host's namespace."""
    return " ".join([*(("ip", "netns", "exec", inside) if inside else ()), *argv])


def say(line: str) -> None:
    """One line to the journal."""
    print(line, file=sys.stderr, flush=True)


def change(*argv: str, stdin: str = "", shown: Sequence[str] = ()) -> None:
    """Run a program that changes something, saying so; `shown` are commands to show in its stead.

    Raises `CommandFailed`, `Stopped`. Standard input is never shown: it may hold keys.
    """
    checkpoint()
    for line in shown or (" ".join(argv),):
        say("+ " + replayable([line]))
    _run(argv, stdin)


def ask(*argv: str) -> str:
    """Run a program that changes nothing; its standard output. Raises `CommandFailed`, `Stopped`."""
    checkpoint()
    return _run(argv, "")


def _run(argv: Sequence[str], stdin: str) -> str:
    try:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=os.environ | {"LC_ALL": "C"},
            pass_fds=() if lock is None or argv[0] == "systemctl" else (lock,),
        )
    except FileNotFoundError:
        raise CommandFailed(argv, "cannot run", f"no {argv[0]} in PATH") from None
    with interruptible(child.pid):
        try:
            out, said = child.communicate(stdin, TIMEOUT)
        except subprocess.TimeoutExpired:
            out, said = "", ""
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout, child.stderr):
                if pipe:
                    with contextlib.suppress(OSError):
                        pipe.close()
            checkpoint()
            raise CommandFailed(argv, f"did not end within {TIMEOUT:g} s", "") from None
    checkpoint()
    if child.returncode:
        raise CommandFailed(argv, f"failed ({child.returncode})", said)
    return out


@contextlib.contextmanager
def interruptible(pid: int) -> Iterator[None]:
    """While the body waits for child `pid`, a signal to us ends the child."""
    global _child
    _child = pid
    try:
        yield
    finally:
        _child = 0


def catch_signals() -> None:
    """From now on SIGTERM, SIGINT and SIGHUP are taken at the next checkpoint."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _on_signal)


def _on_signal(number: int, _frame: FrameType | None) -> None:
    global _stopped_by
    if _undoing:
        return
    _stopped_by = number
    if _child:
        with contextlib.suppress(ProcessLookupError):
            os.kill(_child, signal.SIGTERM)


def checkpoint() -> None:
    """Raise `Stopped` if a signal came."""
    if _stopped_by:
        raise Stopped(f"stopped by {signal.Signals(_stopped_by).name}")


@contextlib.contextmanager
def undone_by(teardown: Callable[[], None]) -> Iterator[None]:
    """If the body fails or is stopped, `teardown` runs, undisturbed by further signals; the failure goes on."""
    global _stopped_by, _undoing
    try:
        yield
    except BaseException:
        _undoing, _stopped_by = True, 0
        say("nsguard: undoing")
        try:
            teardown()
        except (NsguardError, OSError) as error:
            say(f"nsguard: undoing failed in part: {error}")
        finally:
            _undoing = False
        raise
