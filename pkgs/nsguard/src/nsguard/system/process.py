"""The one way to other programs: each change said aloud, each bounded in time, each interruptible.

A signal is taken between two programs, never within a step: it ends the program that runs and raises `Stopped`
once that is over, so that undoing starts from a known place.
"""

import contextlib
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from io import FileIO
from types import FrameType

from nsguard.errors import NsguardError, Stopped

# Directories of those programs, where a package knows them. It has no wrapper that sets PATH: what nsguard becomes, for
# a unit or a user, finds PATH as it was.
TOOLS = ""
if TOOLS:
    os.environ["PATH"] = f"{TOOLS}:{os.environ.get('PATH', os.defpath)}"

# A program that has not answered by then (seconds) is killed. Each takes milliseconds on a healthy machine, but seconds
# on one that is emulated, or that loads the kernel's modules while everything boots.
TIMEOUT = 30.0

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


def say(*lines: str) -> None:
    """Lines to the journal, all at once: each write wakes it."""
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()


def change(*argv: str, stdin: str = "", shown: Sequence[str] = ()) -> None:
    """Run a program that changes something, saying so; `shown` are commands to show in its stead.

    Raises `CommandFailed`, `Stopped`. Standard input is never shown: it may hold keys.
    """
    checkpoint()
    say(*("+ " + replayable([line]) for line in shown or (" ".join(argv),)))
    _run(argv, stdin)


def ask(*argv: str, stdin: str = "") -> str:
    """Run a program that changes nothing; its standard output. Raises `CommandFailed`, `Stopped`."""
    checkpoint()
    return _run(argv, stdin)


def _run(argv: tuple[str, ...], stdin: str) -> str:
    # Files in memory, not pipes: none fills up, and no grandchild that keeps one open is waited for.
    with _memory(stdin) as given, _memory() as out, _memory() as said:
        status = _wait(_spawn(argv, [given.fileno(), out.fileno(), said.fileno()]))
        checkpoint()
        if status is None:
            raise CommandFailed(argv, f"did not end within {TIMEOUT:g} s", "")
        if status:
            raise CommandFailed(argv, f"failed ({status})", _text(said))
        return _text(out)


def _memory(text: str = "") -> FileIO:
    file = FileIO(os.memfd_create("nsguard"), "w+")
    file.write(text.encode())
    file.seek(0)
    return file


def _text(file: FileIO) -> str:
    file.seek(0)
    return file.readall().decode(errors="replace")


def _spawn(argv: tuple[str, ...], streams: Sequence[int]) -> int:
    kept = [] if lock is None or argv[0] == "systemctl" else [lock]
    # A duplicate stays open in the child, also one of itself (posix_spawn_file_actions_adddup2(3p)).
    pairs = [*enumerate(streams), *zip(kept, kept, strict=True)]
    actions = [(os.POSIX_SPAWN_DUP2, ours, theirs) for theirs, ours in pairs]
    environment = os.environ | {"LC_ALL": "C"}
    try:
        # Python ignores SIGPIPE, which other programs do not expect.
        return os.posix_spawnp(argv[0], argv, environment, file_actions=actions, setsigdef=[signal.SIGPIPE])
    except FileNotFoundError:
        raise CommandFailed(argv, "cannot run", f"no {argv[0]} in PATH") from None


def _wait(pid: int) -> int | None:
    """The exit status of child `pid`, negative for a signal; None if it had to be killed."""
    watch = os.pidfd_open(pid)
    try:
        with interruptible(pid):
            ended = select.select([watch], [], [], TIMEOUT)[0]
            if not ended:
                os.kill(pid, signal.SIGKILL)
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    finally:
        os.close(watch)
    return status if ended else None


@contextlib.contextmanager
def interruptible(pid: int) -> Iterator[None]:
    """While the body waits for child `pid`, a signal to us ends the child."""
    global _child
    _child = pid
    if _stopped_by:  # before anybody could know the child
        os.kill(pid, signal.SIGTERM)
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
