"""nsguard-init, built with sanitizers, and programs that take the place of systemd and of the command."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from box import Box

INIT = Path(__file__).resolve().parents[2] / "init"
SANITIZERS = ("CFLAGS=-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all", "HARDENING=", "LINKING=")
# nsguard-init lets no process look into it, so the leak detector cannot, either.
ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=0"}
SANITIZED = ("env", *(f"{name}={value}" for name, value in ENVIRONMENT.items()))
PROCESS_ONE = ("unshare", "--pid", "--fork", "--mount-proc")

# Runs in a box: opens sockets in place of the journal's and systemd's, and starts nsguard-init as systemd would.
# Arguments: nsguard-init, the command (Python code), options of nsguard-init. Prints what each socket got, as JSON.
SYSTEMD = r"""
import json, os, socket, sys, threading
init, command, *options = sys.argv[1:]
os.makedirs("/run/systemd/journal", exist_ok=True)
os.makedirs("/run/nsguard-notify", exist_ok=True)
journal, manager = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for one, path in ((journal, "/run/systemd/journal/stdout"), (manager, "/run/manager")):
    if os.path.exists(path):
        os.unlink(path)
    one.bind(path)
journal.listen()
manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
output, passed = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
output.connect("/run/systemd/journal/stdout")
passed.connect("/run/manager")
other, _ = socket.socketpair()
peer, _ = journal.accept()
status = os.fstat(output.fileno())
child = os.fork()
if child == 0:
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    # away from where they go
    high = [os.dup2(one.fileno(), number) for one, number in ((passed, 20), (other, 21))]
    for number, one in ((3, 21), (4, 20), (5, 21)):
        os.dup2(one, number)
    os.closerange(6, 64)
    mine = str(os.getpid())
    os.environ |= {
        "LISTEN_FDS": "3", "LISTEN_FDNAMES": "first:nsguard-notify:last", "LISTEN_PID": mine, "LISTEN_PIDFDID": "7",
        "WATCHDOG_PID": mine, "SYSTEMD_EXEC_PID": mine, "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}",
        "NOTIFY_SOCKET": "/run/systemd/notify",
    }
    os.execv(init, [init, *options, sys.executable, "-c", command])
for one in (output, passed, other):
    one.close()
messages = []
def listen():
    while True:
        data, control, _, _ = manager.recvmsg(4096, 256)
        if data == b"end":
            return
        messages.append([data.decode(), len(control)])
listener = threading.Thread(target=listen)
listener.start()
said = b""
while part := peer.recv(65536):
    said += part
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"end", "/run/manager")
listener.join()
print(json.dumps({"said": said.decode(errors="replace"), "status": code, "messages": messages}))
"""


def build(directory: Path) -> Path:
    """Build nsguard-init in a directory, with sanitizers; return its path."""
    made = directory / "init"
    shutil.copytree(INIT, made, ignore=shutil.ignore_patterns("nsguard-init"))
    _make(made, "nsguard-init")
    return made / "nsguard-init"


def build_filter(directory: Path) -> Path:
    """Build only the filter of messages to systemd (tests/init/filter.c); return its path."""
    made = directory / "filter"
    made.mkdir()
    for source in (*INIT.glob("*.h"), INIT / "notify.c", INIT / "Makefile", INIT.parent / "tests/init/filter.c"):
        shutil.copy(source, made)
    _make(made, "nsguard-init")
    return made / "nsguard-init"


def _make(directory: Path, target: str) -> None:
    if not shutil.which("cc"):
        pytest.skip("NO TESTS OF nsguard-init: there is no C compiler")
    done = subprocess.run(["make", "-C", str(directory), *SANITIZERS, target], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # and no warnings
    for path in (directory, directory.parent):
        path.chmod(path.stat().st_mode | 0o755)  # users other than root run it


def environment() -> dict[str, str]:
    return dict(os.environ) | ENVIRONMENT


def run(box: Box, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a box, with the environment that the sanitizers need."""
    return box.run(*SANITIZED, *argv)


def between(
    box: Box, init: str, command: str, *options: str, first: bool = True, numbered: str = "inside"
) -> dict[str, Any]:
    """Run a command under nsguard-init; return what the journal and systemd's manager received from it.

    first: whether nsguard-init is process 1. numbered: whether systemd's variables have its process number "inside" or
    "outside" its PID namespace.
    """
    enter = PROCESS_ONE if first else ()
    entered = _entered(box, init, enter, numbered)
    done = run(box, "python3", "-IS", "-c", SYSTEMD, *entered, command, *options)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def _entered(box: Box, init: str, enter: tuple[str, ...], numbered: str) -> tuple[str, ...]:
    if not enter:
        return (init,)
    own = "export LISTEN_PID=$$ WATCHDOG_PID=$$ SYSTEMD_EXEC_PID=$$;" if numbered == "inside" else ""
    box.write("/run/first", f'#!/bin/sh\nexec {" ".join(enter)} sh -c \'{own} exec {init} "$@"\' sh "$@"\n', 0o755)
    return ("/run/first",)
