"""The options of nsguard-init, and the descriptors and variables that its command gets."""

import json

import pytest

from box import Box
from in_front import PROCESS_ONE, between, run


@pytest.mark.parametrize(
    "option", ["--nope", "--notify=some", "--forward=SIGNONE", "--forward=HUP,USR1", "--netns", "-x"]
)
def test_what_is_no_option(box: Box, init: str, option: str) -> None:
    done = run(box, init, option)
    assert done.returncode == 255
    assert done.stderr == (
        f"nsguard: {option}: not an option of nsguard-init, which units start; "
        "regenerate the unit with nixos-rebuild switch\n"
    )


TELLS = """
import json, os, socket, stat, sys
address = os.environ["NOTIFY_SOCKET"]
def kind(descriptor):
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return ""
    return "socket" if stat.S_ISSOCK(mode) else "pipe" if stat.S_ISFIFO(mode) else "other"
pipe = os.fstat(1)
print(json.dumps({
    "kinds": [kind(number) for number in range(1, 40)],
    "mine": [os.environ[name] == str(os.getpid()) for name in ("LISTEN_PID", "WATCHDOG_PID", "SYSTEMD_EXEC_PID")],
    "pid": os.getpid(),
    "passed": [os.environ.get(name) for name in ("LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID")],
    "stream": os.environ["JOURNAL_STREAM"] == f"{pipe.st_dev}:{pipe.st_ino}",
    "same": pipe.st_ino == os.fstat(2).st_ino,
}), flush=True)
"""


@pytest.mark.parametrize(("first", "numbered"), [(True, "inside"), (True, "outside"), (False, "outside")])
def test_the_command_holds_nothing_of_the_hosts(box: Box, init: str, numbered: str, *, first: bool) -> None:
    found = between(box, init, TELLS, "--journal", "--notify=main", first=first, numbered=numbered)
    assert found["status"] == 0, found["said"]
    told = json.loads(found["said"])
    assert told["kinds"][:5] == ["pipe", "pipe", "socket", "socket", ""]
    assert set(told["kinds"][4:]) == {""}
    assert told["mine"] == [True] * 3
    assert told["passed"] == ["2", "first:last", None if first else "7"]
    assert (told["stream"], told["same"]) == (True, True)
    assert (told["pid"] == 1) is False


def test_no_other_process_may_look_into_it(box: Box, init: str) -> None:
    looks = "for file in environ maps; do cat /proc/1/$file >/dev/null && echo $file; done; ls /proc/1/fd; :"
    drop = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    done = run(box, *PROCESS_ONE, *drop, init, "sh", "-c", looks)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.count("Permission denied") == 3
    # control: it may look into another process 1 of the same user
    done = run(box, *PROCESS_ONE, *drop, "sh", "-c", f"sh -c '{looks}'; :")
    assert done.stdout.split()[:3] == ["environ", "maps", "0"]


def test_no_room_for_a_second_process_is_said(box: Box, init: str) -> None:
    drop = ("setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "prlimit", "--nproc=1:1")
    done = run(box, *PROCESS_ONE, *drop, init, "true")
    assert done.returncode == 255
    assert done.stderr == (
        "nsguard: no second process: Resource temporarily unavailable; "
        "LimitNPROC= and TasksMax= of the unit must leave room for one more\n"
    )


def test_systemd_that_passes_nothing_is_said(box: Box, init: str) -> None:
    done = run(box, init, "--notify=main", "true")
    assert done.returncode == 255
    assert (
        done.stderr
        == "nsguard: systemd passed no descriptor nsguard-notify; regenerate the unit with nixos-rebuild switch\n"
    )
