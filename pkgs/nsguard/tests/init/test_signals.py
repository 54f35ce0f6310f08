"""Signals that one command of a unit sends to its main command, which is in another PID namespace."""

import pytest

from box import Box
from in_front import PROCESS_ONE, run

ENTER = " ".join(PROCESS_ONE)
# Prints 0 once it is ready, and the number of each signal that arrives, up to SIGTERM.
CATCHES = """
import signal
wanted = [signal.SIGHUP, signal.SIGUSR2, signal.SIGTERM, signal.SIGRTMIN + 3]
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
print(number := 0, flush=True)
while number != signal.SIGTERM:
    print(number := int(signal.sigwait(wanted)), flush=True)
"""
# Sends bytes that are not signal numbers, as a program of the unit might.
ODD = r"""
import ctypes
libc = ctypes.CDLL(None)
queue = libc.mq_open(b"/nsguard-signals", 1)
assert queue >= 0
for byte in (b"\0", b"\x7f", b"\xff"):
    assert libc.mq_send(queue, byte, 1, 0) == 0
"""
# Does what systemd does: it starts a main command, and others that signal it. They share their message queues.
UNIT = f"""
init=$1 catches=$2 odd=$3
shift 3
{ENTER} "$init" --signalled python3 -c "$catches" >/run/came &
until [ -s /run/came ]; do sleep 0.05; done
{ENTER} python3 -c "$odd" || exit
for signal; do
    before=$(wc -l </run/came)
    {ENTER} "$init" "--signal=$signal" || exit
    until [ "$(wc -l </run/came)" -gt "$before" ]; do sleep 0.05; done
done
wait
cat /run/came
"""


def test_other_commands_of_the_unit_signal_the_main_one(box: Box, init: str) -> None:
    mounted = "mkdir -p /run/mqueue && mount -t mqueue none /run/mqueue && exec sh -c"
    enter = ("unshare", "--ipc", "--mount", "sh", "-c", f'{mounted} "$@"', "sh")
    done = run(box, *enter, UNIT, "sh", init, CATCHES, ODD, "HUP", "SIGUSR2", "1", "RTMIN+3", "TERM")
    assert (done.returncode, done.stdout.split()) == (0, ["0", "1", "12", "1", "37", "15"]), done.stderr


def test_without_a_main_command_that_listens_it_fails(box: Box, init: str) -> None:
    done = run(box, "unshare", "--ipc", *PROCESS_ONE, init, "--signal=HUP")
    assert done.returncode == 1
    assert done.stderr == "nsguard: cannot signal the main process: No such file or directory; restart the unit\n"


def test_where_process_numbers_are_common_the_number_of_systemd_is_right(box: Box, init: str) -> None:
    signals = f"sleep 603 & MAINPID=$! {init} --signal=TERM && wait $!"
    assert run(box, "sh", "-c", signals).returncode == 143


def test_no_room_for_a_queue_is_said(box: Box, init: str) -> None:
    limit = ("prlimit", "--msgqueue=0", "setpriv", "--bounding-set=-all", "--inh-caps=-all")
    done = run(box, "unshare", "--ipc", *PROCESS_ONE, *limit, init, "--signalled", "true")
    assert done.returncode == 255
    assert done.stderr.startswith("nsguard: no queue for signals: ")
    assert "LimitMSGQUEUE=" in done.stderr


@pytest.mark.parametrize("name", ["", "0", "65", "NONE", "HUP2", "RTMIN+99", "-1"])
def test_what_is_no_signal_is_no_option(box: Box, init: str, name: str) -> None:
    assert run(box, init, f"--signal={name}").returncode == 255
