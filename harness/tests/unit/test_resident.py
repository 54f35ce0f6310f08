"""A machine's resident agent and the host's end of its port. A socket takes the place of the serial line."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from nsguard_harness.errors import LabError
from nsguard_harness.inside.resident import Resident
from nsguard_harness.lab.channel import Channel


class Line:
    """Stands in for the hypervisor: what one end writes, the other reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen(1)

    def accept(self) -> socket.socket:
        return self.listener.accept()[0]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    line = Line(tmp_path / "port")
    yield line
    line.listener.close()


@pytest.fixture
def channel(line: Line) -> Iterator[Channel]:
    channel = Channel("machine", line.path)
    with line.accept() as port:
        # the agent's own descriptor, never closed: the agent reads for ever, as from a serial line, and must not read
        # from another file that gets the number next
        resident = Resident(os.dup(port.fileno()))
        threading.Thread(target=_serve, args=(resident,), daemon=True).start()
        resident.say({"boot": "one"})
        assert channel.wait_for_boot(0, 5)
        yield channel
        channel.close()
        port.shutdown(socket.SHUT_RDWR)


def _serve(resident: Resident) -> None:
    # a serial line never ends; this socket ends with the test
    try:
        resident.serve()
    except OSError:
        return


def test_a_command_gives_status_and_both_streams(channel: Channel) -> None:
    done = channel.run("cat; echo no >&2; exit 3", 5, b"in\n\xff")
    assert (done.status, done.output, done.errors) == (3, "in\n�", "no\n")
    assert channel.run("false | true", 5).status == 1
    assert channel.run("kill -9 $$", 5).status == 137


def test_a_command_that_does_not_end_is_killed_with_all_its_children(channel: Channel) -> None:
    done = channel.run("sleep 60 & echo $!; wait", 0.3)
    assert done.status == 124
    deadline = time.monotonic() + 60
    while Path(f"/proc/{int(done.output)}").exists():  # until its parent has waited for it
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_requests_do_not_wait_for_one_another(channel: Channel, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    slow = threading.Thread(target=channel.run, args=(f"cat {tmp_path}/gate", 30), daemon=True)
    slow.start()
    channel.run(f"echo open > {tmp_path}/gate", 5)
    slow.join(5)
    assert not slow.is_alive()


def test_files_are_read_and_missing_ones_told(channel: Channel, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(range(256)) * 1000)
    assert channel.read(str(tmp_path / "file")) == bytes(range(256)) * 1000
    with pytest.raises(LabError, match=r"machine: FileNotFoundError: .*none"):
        channel.read(str(tmp_path / "none"))


def test_a_line_is_carried_to_a_socket_and_back(channel: Channel, tmp_path: Path) -> None:
    other = Line(tmp_path / "other")

    def answer() -> None:
        with other.accept() as connection, connection.makefile("rwb") as stream:
            stream.write(stream.readline().upper())

    threading.Thread(target=answer, daemon=True).start()
    assert channel.ask(str(tmp_path / "other"), b"hello", 5) == b"HELLO\n"
    other.listener.close()
    with pytest.raises(LabError, match="ConnectionRefusedError"):
        channel.ask(str(tmp_path / "other"), b"hello", 5)


def test_what_was_cut_off_by_a_reset_is_passed_over(line: Line) -> None:
    channel = Channel("machine", line.path)
    with line.accept() as port:
        port.sendall(b'{"id": 0, "stat\n{"boot": "two"}\n')
        assert channel.wait_for_boot(0, 5)
        assert not channel.wait_for_boot(1, 0.01)
        answering = threading.Thread(target=lambda: port.sendall(_answer(port.recv(4096))), daemon=True)
        answering.start()
        assert channel.read("/x") == b"yes"
        answering.join()
    channel.close()


def _answer(request: bytes) -> bytes:
    number = cast(int, json.loads(request)["id"])
    return json.dumps({"id": number, "data": "eWVz"}).encode() + b"\n"


def test_who_waits_for_a_machine_that_is_gone_is_told(line: Line) -> None:
    channel = Channel("machine", line.path)
    with line.accept() as port:

        def drop() -> None:
            port.recv(4096)
            channel.drop("it was shut down")

        dropped = threading.Thread(target=drop, daemon=True)
        dropped.start()
        with pytest.raises(LabError, match="machine: it was shut down"):
            channel.run("sleep 60", None)
        dropped.join()
    with pytest.raises(LabError, match="serial port"):
        channel.run("true", None)
    channel.close()


def test_no_port_no_channel(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="machine: cannot reach its serial port: No such file"):
        Channel("machine", tmp_path / "none")
