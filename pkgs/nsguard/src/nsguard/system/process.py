"""Running other programs: every change is logged, every program has a time limit and can be interrupted.

All modules run other programs by this one. A signal ends the program that runs, and raises `Stopped` after that
program has ended. It never interrupts a step in between, so that undoing starts from a known state.
"""

from __future__ import annotations

import os
import select
import sys
from io import FileIO

from nsguard.errors import NsguardError, Stopped
from nsguard.system.contexts import contextmanager, suppress
from nsguard.system.signals import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

# Directories of the programs, set by the package. There is no wrapper that sets PATH, because the programs that nsguard
# executes for a unit or a user must find their own PATH.
TOOLS = ""
if TOOLS:
    os.environ["PATH"] = f"{TOOLS}:{os.environ.get('PATH', os.defpath)}"

# Seconds after which a program is killed. Each takes milliseconds on most machines, but seconds on an emulated one, or
# while the kernel's modules are loaded, and longer where a busy machine boots with fifty namespaces.
TIMEOUT = 120.0

_inside: str | None = None
_lock: int | None = None
_stopped_by = 0
_undoing = False
_child = 0


class CommandFailed(NsguardError):
    """A program ended with another status than 0, or not in time. `output` is its standard error."""

    def __init__(self, argv: Sequence[str], outcome: str, output: str) -> None:
        self.output = output
        cause = next((line.strip() for line in output.splitlines() if line.strip()), "")
        super().__init__(f"`{replayable(argv)}` {outcome}{': ' + cause if cause else ''}")


def replayable(argv: Sequence[str]) -> str:
    """The command as it can be typed in the host's namespace."""
    return " ".join([*(("ip", "netns", "exec", _inside) if _inside else ()), *argv])


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Within the body, this process is in `namespace`: logged commands name it, so that the host can repeat them."""
    global _inside
    _inside = namespace
    try:
        yield
    finally:
        _inside = None


@contextmanager
def holding(lock: int) -> Iterator[None]:
    """Within the body, programs inherit the descriptor `lock`, so that one that outlives a killed nsguard still has it.

    systemctl does not inherit it, because what systemctl starts keeps running.
    """
    global _lock
    _lock = lock
    try:
        yield
    finally:
        _lock = None


def say(*lines: str) -> None:
    """Log lines to standard error, in one write, because each write wakes the journal."""
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()


def change(*argv: str, stdin: str = "", shown: Sequence[str] = ()) -> None:
    """Run a program that changes something, and log it; `shown` are commands to log instead of it.

    Raises `CommandFailed`, `Stopped`. Standard input is never logged, because it may contain keys.
    """
    checkpoint()
    say(*("+ " + replayable([line]) for line in shown or (" ".join(argv),)))
    _run(argv, stdin)


def ask(*argv: str, stdin: str = "") -> str:
    """Run a program that changes nothing; its standard output. Raises `CommandFailed`, `Stopped`."""
    checkpoint()
    return _run(argv, stdin)


def _run(argv: tuple[str, ...], stdin: str) -> str:
    # Files in memory instead of pipes: they do not fill up, and a grandchild that keeps one open delays nothing.
    with _memory(stdin) as input_file, _memory() as output, _memory() as errors:
        status = _wait(_spawn(argv, [input_file.fileno(), output.fileno(), errors.fileno()]))
        checkpoint()
        if status is None:
            raise CommandFailed(argv, f"did not end within {TIMEOUT:g} s", "")
        if status:
            raise CommandFailed(argv, f"failed ({status})", _text(errors))
        return _text(output)


def _memory(text: str = "") -> FileIO:
    file = FileIO(os.memfd_create("nsguard"), "w+")
    file.write(text.encode())
    file.seek(0)
    return file


def _text(file: FileIO) -> str:
    file.seek(0)
    return file.readall().decode(errors="replace")


def _spawn(argv: tuple[str, ...], streams: Sequence[int]) -> int:
    inherited = [] if _lock is None or argv[0] == "systemctl" else [_lock]
    # A duplicated descriptor stays open in the child, even as a duplicate of itself
    # (posix_spawn_file_actions_adddup2(3p)).
    pairs = [*enumerate(streams), *zip(inherited, inherited, strict=True)]
    actions = [(os.POSIX_SPAWN_DUP2, ours, theirs) for theirs, ours in pairs]
    environment = os.environ | {"LC_ALL": "C"}
    try:
        # Python ignores SIGPIPE, which other programs do not expect.
        return os.posix_spawnp(argv[0], argv, environment, file_actions=actions, setsigdef=[signal.SIGPIPE])
    except FileNotFoundError:
        raise CommandFailed(argv, "cannot run", f"no {argv[0]} in PATH") from None
    except OSError as error:  # no memory, or no room for a process
        raise CommandFailed(argv, "cannot run", error.strerror or str(error)) from None


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


@contextmanager
def interruptible(pid: int) -> Iterator[None]:
    """While the body waits for child `pid`, a signal to this process also ends the child."""
    global _child
    _child = pid
    if _stopped_by:  # the signal came before `_child` was set
        os.kill(pid, signal.SIGTERM)
    try:
        yield
    finally:
        _child = 0


def catch_signals() -> None:
    """From now on, SIGTERM, SIGINT and SIGHUP take effect at the next `checkpoint`."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _on_signal)


def _on_signal(number: int, _frame: FrameType | None) -> None:
    global _stopped_by
    if _undoing:
        return
    _stopped_by = number
    if _child:
        with suppress(ProcessLookupError):
            os.kill(_child, signal.SIGTERM)


def checkpoint() -> None:
    """Raise `Stopped` if a signal has come."""
    if _stopped_by:
        from signal import Signals

        raise Stopped(f"stopped by {Signals(_stopped_by).name}")


@contextmanager
def undone_by(teardown: Callable[[], None]) -> Iterator[None]:
    """If the body fails or is stopped, run `teardown`, in which signals are ignored, and raise the failure again."""
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
