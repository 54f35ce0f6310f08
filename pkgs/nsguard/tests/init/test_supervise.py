"""nsguard-init ends with the same status as its command, and passes signals on to it."""

import time

import pytest

from box import Box
from in_front import PROCESS_ONE, SANITIZED, run


@pytest.mark.parametrize("enter", [(), PROCESS_ONE])
def test_it_ends_as_the_command(box: Box, init: str, enter: tuple[str, ...]) -> None:
    for command, status in (("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -SEGV $$", 139)):
        done = run(box, *enter, init, "--argv0=shell", "sh", "-c", command)
        if enter:
            assert done.returncode == status
            assert done.stderr.split(",")[0].rstrip() == (
                "nsguard: sh was killed by signal SEGV" if status == 139 else ""
            )
        else:
            assert done.returncode in (status, 128 - status)
    done = run(box, *enter, init, "/nowhere/program")
    assert done.returncode == 203
    assert done.stderr == "nsguard: cannot execute /nowhere/program: No such file or directory\n"
    assert run(box, *enter, init, "--argv0=another", "sh", "-c", "echo $0").stdout == "another\n"


def test_what_the_command_leaves_behind_ends_with_it(box: Box, init: str) -> None:
    left = "(trap 'echo told; exit' TERM; sleep 600 & wait) & (trap '' TERM; sleep 601) & sleep 0.2"
    done = run(box, *PROCESS_ONE, init, "sh", "-c", left)
    assert (done.returncode, done.stdout) == (0, "told\n")
    assert box.run("pgrep", "-f", "sleep 60[01]").returncode == 1


def test_it_keeps_no_descriptor_that_is_the_commands_alone(box: Box, init: str) -> None:
    passed = f"exec 9>/dev/null; exec 4>&9; exec {init} sh -c 'ls /proc/1/fd'"
    numbers = run(box, *PROCESS_ONE, "sh", "-c", passed).stdout.split()
    assert "2" in numbers
    assert not {"4", "9"} & {*numbers}


def test_one_that_catches_nothing_ends_by_a_signal_to_all_of_the_unit(box: Box, init: str) -> None:
    with box.start(*SANITIZED, *PROCESS_ONE, "--kill-child", init, "--forward=USR1", "sleep", "602") as running:
        # to nsguard-init and its command, but not to unshare(1), which started them
        box.run("kill", "-TERM", *_until(box, f"^({init} --forward=USR1 )?sleep 602", 2))
        assert running.wait(20) == 143


def test_it_hands_on_the_signal_that_it_is_told_to(box: Box, init: str) -> None:
    command = "trap 'echo user; exit 3' USR1; trap 'echo term; exit 4' TERM; echo ready; while :; do sleep 0.05; done"
    with box.start(*SANITIZED, *PROCESS_ONE, "--kill-child", init, "--forward=SIGUSR1", "sh", "-c", command) as running:
        assert running.stdout
        assert running.stdout.readline() == "ready\n"
        (first,) = box.run("pgrep", "-o", "-f", f"^{init}").stdout.split()
        box.run("kill", "-TERM", first)  # systemd sends this signal to the command as well
        box.run("kill", "-USR1", first)
        assert running.stdout.read() == "user\n"
        assert running.wait(20) == 3


# Starts nsguard-init, whose arguments follow, as process 1 with a pending signal.
STOPPED_EARLY = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
os.kill(os.getpid(), signal.SIGTERM)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize("options", [(), ("--forward=TERM",)])
def test_a_signal_that_came_before_the_command_was_there_is_handed_on(
    box: Box, init: str, options: tuple[str, ...]
) -> None:
    command = "import signal; signal.alarm(20); print(signal.sigwait([signal.SIGTERM, signal.SIGALRM]).name)"
    done = run(box, *PROCESS_ONE, "python3", "-c", STOPPED_EARLY, init, *options, "python3", "-c", command)
    assert (done.returncode, done.stdout) == (0, "SIGTERM\n")


def _until(box: Box, pattern: str, count: int) -> list[str]:
    for _ in range(400):
        found = box.run("pgrep", "-f", f"{pattern}$").stdout.split()
        if len(found) >= count:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{pattern}: not {count} processes")


def test_told_to_stay_it_hands_on_all_signals_and_ends_as_the_command(box: Box, init: str) -> None:
    # not for ever: what fails here would wait for it
    command = "trap 'echo user; exit 3' USR1; echo ready; for i in $(seq 600); do sleep 0.05; done"
    with box.start(*SANITIZED, init, "--stay", "--argv0=stayed", "sh", "-c", command) as running:
        assert running.stdout
        assert running.stdout.readline() == "ready\n"
        (above,) = box.run("pgrep", "-o", "-f", f"^{init} --stay").stdout.split()
        # its child alone: a child of the shell's has the shell's name, too, until it is sleep(1)
        assert len(box.run("pgrep", "-P", above, "-f", "^stayed").stdout.split()) == 1
        box.run("kill", "-USR1", above)
        assert running.stdout.read() == "user\n"
        assert running.wait(20) == 3


def test_told_to_stay_it_ends_nothing_but_itself_with_the_command(box: Box, init: str) -> None:
    with box.start("sh", "-c", "echo ready; exec sleep 603") as other:
        assert other.stdout
        other.stdout.readline()
        assert run(box, init, "--stay", "sh", "-c", "kill -TERM $$").returncode == 143
        assert other.poll() is None
        other.terminate()
