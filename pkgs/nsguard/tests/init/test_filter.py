"""What a confined unit may tell systemd: the filter against a model of it, on messages of every kind."""

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from in_front import build_filter, environment

ALLOWED = re.compile(
    rb"(READY=1|STOPPING=1|RELOADING=1|WATCHDOG=(1|trigger)|MONOTONIC_USEC=[0-9]{1,20}|ERRNO=[0-9]{1,20}|STATUS=[^\n]*)"
)
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
    return b"".join(re.sub(rb"[\x00-\x1f\x7f]", b"?", line) + b"\n" for line in lines)


def test_it_passes_what_a_service_says_of_itself_and_nothing_else(program: Path) -> None:
    assert passed(program, LINES) == [model(line) for line in LINES]
    whole = b"\n".join(LINES)
    assert passed(program, [whole, whole + b"\n"]) == [model(whole)] * 2
    assert b"MAINPID" not in model(whole)


messages = st.lists(st.one_of(st.sampled_from(LINES), st.binary(max_size=40)), max_size=8).map(b"\n".join)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(messages, st.binary(max_size=60)), max_size=40))
def test_whatever_comes_it_does_as_the_model(program: Path, some: list[bytes]) -> None:
    assert passed(program, some) == [model(message) for message in some]


@pytest.mark.parametrize("length", [LIMIT - 1, LIMIT, LIMIT + 1, 60000])
def test_lengths_about_the_limit(program: Path, length: int) -> None:
    for filling in (b"STATUS=" + b"x" * (length - 7), b"READY=1\n" * (length // 8), b"\n" * length):
        assert passed(program, [filling]) == [model(filling)]
