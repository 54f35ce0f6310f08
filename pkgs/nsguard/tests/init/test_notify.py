"""Messages of a confined unit to systemd: the filter, compared with a model for messages of every kind; the relay."""

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from box import Box
from in_front import between, build_filter, environment, run

ALLOWED = re.compile(
    rb"(READY=1|STOPPING=1|RELOADING=1|WATCHDOG=(1|trigger)|MONOTONIC_USEC=[0-9]{1,20}|ERRNO=[0-9]{1,20}|STATUS=[^\n]*)"
)
# In UTF-8, the C1 control characters have two bytes. U+009B begins an escape sequence, like ESC [.
CONTROLS = re.compile(rb"[\x00-\x1f\x7f]|\xc2[\x80-\x9f]")
LIMIT = 4095
LINES = [
    *(b"READY=1", b"READY=0", b"READY=1 ", b" READY=1", b"READY=", b"STOPPING=1", b"RELOADING=1", b"WATCHDOG=1"),
    *(b"WATCHDOG=trigger", b"WATCHDOG_USEC=1", b"MONOTONIC_USEC=123", b"MONOTONIC_USEC=", b"MONOTONIC_USEC=-1"),
    *(b"ERRNO=2", b"ERRNO=" + b"9" * 21, b"STATUS=all well", b"STATUS=", b"STATUS=\x1b]0;x\x07", b"MAINPID=1"),
    *(
        b"MAINPIDFDID=1",
        b"EXTEND_TIMEOUT_USEC=99999999999",
        b"FDSTORE=1",
        b"FDNAME=x",
        b"FDSTOREREMOVE=1",
        b"BARRIER=1",
    ),
    *(b"BUSERROR=x", b"NOTIFYACCESS=all", b"EXIT_STATUS=0", b"X_VENDOR=1", b"", b"\0", b"STATUS=\xff\xfe"),
    *(b"STATUS=\xc2\x9b31m", b"STATUS=\xc2\xc2\x80\x80", b"STATUS=\xc2", b"STATUS=\xc2\xa0 \xc3\x9b", b"STATUS=\x9b"),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_filter(tmp_path_factory.mktemp("filter"))


def passed(program: Path, messages: list[bytes]) -> list[bytes]:
    given_ = b"".join(b"%04x" % len(message) + message for message in messages)
    done = subprocess.run([str(program)], input=given_, capture_output=True, env=environment(), check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    found, rest = [], done.stdout
    while rest:
        length = int(rest[:4], 16)
        found.append(rest[4 : 4 + length])
        rest = rest[4 + length :]
    return found


def model(message: bytes) -> bytes:
    if len(message) > LIMIT:
        return b""
    lines = [line for line in message.split(b"\n") if ALLOWED.fullmatch(line)]
    return b"".join(CONTROLS.sub(lambda it: b"?" * len(it[0]), line) + b"\n" for line in lines)


def test_it_passes_what_a_service_says_of_itself_and_nothing_else(program: Path) -> None:
    assert passed(program, LINES) == [model(line) for line in LINES]
    whole = b"\n".join(LINES)
    assert passed(program, [whole, whole + b"\n"]) == [model(whole)] * 2
    assert b"MAINPID" not in model(whole)


messages = st.lists(st.one_of(st.sampled_from(LINES), st.binary(max_size=40)), max_size=8).map(b"\n".join)


@settings(
    max_examples=3 * settings().max_examples,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.one_of(messages, st.binary(max_size=60)), max_size=40))
def test_whatever_comes_it_does_as_the_model(program: Path, some: list[bytes]) -> None:
    assert passed(program, some) == [model(message) for message in some]


@pytest.mark.parametrize("length", [LIMIT - 1, LIMIT, LIMIT + 1, 60000])
def test_lengths_about_the_limit(program: Path, length: int) -> None:
    for filling in (b"STATUS=" + b"x" * (length - 7), b"READY=1\n" * (length // 8), b"\n" * length):
        assert passed(program, [filling]) == [model(filling)]


SENDS = """
import os, socket
one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
one.connect(os.environ["NOTIFY_SOCKET"])
inner, outer = os.pipe()
def send(text):
    socket.send_fds(one, [text.encode()], [outer])
send("READY=1\\nMAINPID=1\\nSTATUS=well")
send("EXTEND_TIMEOUT_USEC=1000000")
send("FDSTORE=1\\nFDNAME=x")
if os.fork() == 0:
    one.send(b"STATUS=of a child")
    os._exit(0)
os.wait()
send("BARRIER=1")
os.close(outer)
os.read(inner, 1)  # until nobody has it any more
one.send(b"STOPPING=1")
"""


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("senders", ["main", "all"])
def test_of_what_is_told_to_systemd_some_passes_and_no_descriptor(
    box: Box, init: str, senders: str, *, first: bool
) -> None:
    found = between(box, init, SENDS, f"--notify={senders}", first=first)
    assert (found["status"], found["said"]) == (0, "")
    child = ["STATUS=of a child\n"] if senders == "all" else []
    assert [text for text, _ in found["messages"]] == ["READY=1\nSTATUS=well\n", *child, "STOPPING=1\n"]
    # each message carries credentials and no other control data
    assert len({control for _, control in found["messages"]}) == 1
    assert found["messages"][0][1] == 1


def test_a_flood_reaches_systemd_drop_by_drop(box: Box, init: str) -> None:
    flood = (
        "import os, socket\none = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "one.connect(os.environ['NOTIFY_SOCKET'])\none.setblocking(False)\n"
        "for number in range(20000):\n"
        "    try:\n        one.send(b'STATUS=%d' % number)\n    except BlockingIOError:\n        pass\n"
    )
    found = between(box, init, flood, "--notify=main")
    assert found["status"] == 0
    assert 1 <= len(found["messages"]) < 1000


def test_no_place_for_the_socket_is_said(box: Box, init: str) -> None:
    found = between(box, init, "pass", "--notify=main", first=False)
    assert found["status"] == 0
    hidden = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o ro none /run/nsguard-notify && exec "$@"', "sh")
    script = f"export LISTEN_FDS=1 LISTEN_FDNAMES=nsguard-notify; exec {init} --notify=main true 3</dev/null"
    done = run(box, *hidden, "sh", "-c", script)
    assert done.returncode == 255
    assert "Read-only file system; the unit cannot tell systemd that it is ready\n" in done.stderr
