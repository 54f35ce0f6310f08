"""The stand-ins for daemons: they answer, pass on only what is meant for them, and clean up."""

from __future__ import annotations

import errno
import os
import pwd
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from marks import needs_nix
from nsguard_harness import attacks
from nsguard_harness.attacks import hostnetwork, leftovers
from nsguard_harness.attacks._standins import MARK, Daemon, connected
from nsguard_harness.attacks._unreachable import UNREACHABLE
from nsguard_harness.inside import records
from nsguard_harness.inside.records import Records
from nsguard_harness.inside.standin import Place, StandIn
from nsguard_harness.scenario import protections


@pytest.fixture
def wire() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    there.setblocking(False)
    with here, there:
        yield here, there


@pytest.fixture
def stand_in(tmp_path: Path, wire: tuple[socket.socket, socket.socket]) -> Iterator[StandIn]:
    made = StandIn(Records(tmp_path / "records"), wire[0])
    yield made
    made.close()


def place(path: Path, **properties: object) -> Place:
    return Place(str(path), os.getuid(), type("Some", (Daemon,), {"path": str(path), **properties}))


def test_it_answers_and_passes_on_what_is_meant_for_it(
    stand_in: StandIn, tmp_path: Path, wire: tuple[socket.socket, socket.socket]
) -> None:
    path = tmp_path / "deep" / "down" / "socket"
    stand_in.listen(place(path))
    for words in (b"somebody else's", f"{MARK} token".encode()):
        with connected(str(path)) as client:
            client.send(words)
            stand_in.turn()
            assert client.recv(200) == f"stand-in at {path}\n".encode()
    assert wire[1].recv(2048) == f"{MARK} token".encode()
    with pytest.raises(BlockingIOError):
        wire[1].recv(2048)
    assert [record["told"] for record in records.parse((tmp_path / "records").read_bytes())] == [f"{MARK} token"]
    stand_in.close()
    assert not (tmp_path / "deep").exists()


def test_it_listens_again_where_its_socket_is_gone(stand_in: StandIn, tmp_path: Path) -> None:
    """As in /run/user/UID, when the user's last session has ended, and when a session begins."""
    path = tmp_path / "user" / "bus"
    path.parent.mkdir()
    path.write_text("another's")
    stand_in.listen(place(path))
    for _ in range(2):
        path.unlink()
        path.parent.rmdir()
        stand_in.turn()
        with connected(str(path)) as client:
            client.send(b"words")
            stand_in.turn()
            assert client.recv(200) == f"stand-in at {path}\n".encode()
    path.unlink()
    path.write_text("another's")
    stand_in.turn()
    assert path.read_text() == "another's"


def test_it_gives_a_descriptor_of_the_wire(
    stand_in: StandIn, tmp_path: Path, wire: tuple[socket.socket, socket.socket]
) -> None:
    stand_in.listen(place(tmp_path / "giver", gives=True))
    with connected(str(tmp_path / "giver")) as client:
        stand_in.turn()
        _, (given,), _, _ = socket.recv_fds(client, 16, 1)
        os.write(given, b"from the host")
        os.close(given)
    assert wire[1].recv(2048) == b"from the host"


def test_it_lets_alone_what_is_there(stand_in: StandIn, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as real:
        real.bind(str(tmp_path / "real"))
        real.listen()
        stand_in.listen(place(tmp_path / "real"))
        with connected(str(tmp_path / "real")):
            real.accept()[0].close()
    stand_in.close()
    assert (tmp_path / "real").exists()


def test_no_two_stand_ins_for_one_path() -> None:
    paths = [attack.path for attack in attacks.registry().values() if issubclass(attack, Daemon)]
    assert len(paths) == len(set(paths)) >= 30


@needs_nix
def test_what_is_out_of_reach_says_why_and_names_protections_that_exist() -> None:
    names = [way.name for way in UNREACHABLE]
    assert len(set(names)) == len(names)
    assert not set(names) & set(attacks.registry())
    known = {protection.name for protection in protections()}
    for way in UNREACHABLE:
        assert way.why and way.source
        named = {word.strip(",") for word in way.guard.split() if word.startswith("property:")}
        assert named <= known | {name.rpartition(":")[0] for name in known}


def test_it_passes_over_directories_that_a_read_only_file_system_lacks(
    stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a NixOS whose /etc is a read-only overlay."""
    user = pwd.getpwuid(os.getuid()).pw_name
    directories = [(str(tmp_path / name), user) for name in ("etc/cron.d", "var/spool")]
    make = Path.mkdir

    def mkdir(path: Path, mode: int) -> None:
        if path.is_relative_to(tmp_path / "etc"):
            raise OSError(errno.EROFS, "Read-only file system")
        make(path, mode)

    monkeypatch.setattr(leftovers, "places", lambda: iter(directories))
    monkeypatch.setattr(hostnetwork, "laid", lambda _: iter(()))
    monkeypatch.setattr(Path, "mkdir", mkdir)
    stand_in.files()
    assert not (tmp_path / "etc").exists()
    assert (tmp_path / "var/spool").is_dir()
    stand_in.turn()
