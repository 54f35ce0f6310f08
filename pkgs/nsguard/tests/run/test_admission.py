"""Which users may run commands, and which requests and descriptors are accepted."""

import grp
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from nsguard.errors import BadInput
from nsguard.run import admission, protocol
from nsguard.run.admission import Peer
from run_request import ODD, request


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def null() -> Iterator[int]:
    descriptor = os.open(os.devnull, os.O_RDWR)
    yield descriptor
    os.close(descriptor)


def offer(sender: socket.socket, data: bytes, descriptors: list[int]) -> None:
    socket.send_fds(sender, [data[: protocol.LENGTH]], descriptors)
    sender.sendall(data[protocol.LENGTH :])


def test_a_request_comes_with_its_descriptors(pair: tuple[socket.socket, socket.socket], null: int) -> None:
    offer(pair[0], protocol.encode(request()), [null] * 3)
    got, descriptors = admission.receive(pair[1])
    assert got.arguments == ODD
    assert len(set(descriptors)) == 3
    assert not any(os.get_inheritable(descriptor) for descriptor in descriptors)


@pytest.mark.parametrize("count", [0, 1, 2, 5, 16, 40])
def test_another_number_of_descriptors_is_refused(
    pair: tuple[socket.socket, socket.socket], null: int, count: int
) -> None:
    offer(pair[0], protocol.encode(request()), [null] * count)
    with pytest.raises(BadInput, match="descriptors came with the request"):
        admission.receive(pair[1])


def test_descriptors_that_come_later_are_not_taken(pair: tuple[socket.socket, socket.socket], null: int) -> None:
    data = protocol.encode(request())
    socket.send_fds(pair[0], [data[: protocol.LENGTH]], [null] * 3)
    before = set(os.listdir("/proc/self/fd"))
    socket.send_fds(pair[0], [data[protocol.LENGTH :]], [null] * 3)
    admission.receive(pair[1])
    assert len(set(os.listdir("/proc/self/fd")) - before) == 3


def test_a_request_that_is_too_large_is_refused_unread(pair: tuple[socket.socket, socket.socket], null: int) -> None:
    socket.send_fds(pair[0], [(protocol.LIMIT + 1).to_bytes(4, "big")], [null] * 3)
    with pytest.raises(BadInput, match="larger than"):
        admission.receive(pair[1])


def test_a_request_that_ends_half_way_is_refused(pair: tuple[socket.socket, socket.socket], null: int) -> None:
    socket.send_fds(pair[0], [protocol.encode(request())[:4]], [null] * 3)
    pair[0].close()
    with pytest.raises(BadInput, match="ended before it was complete"):
        admission.receive(pair[1])


@pytest.mark.parametrize("sent", [0, 2, 10])
def test_a_slow_request_has_a_deadline(
    pair: tuple[socket.socket, socket.socket], null: int, sent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that arrive slowly do not extend the deadline."""
    monkeypatch.setattr(protocol, "REQUEST_TIMEOUT", 0.3)
    data = protocol.encode(request())
    over = threading.Event()

    def trickle() -> None:
        if sent:
            socket.send_fds(pair[0], [data[:1]], [null] * 3)
        for number in range(1, sent):
            pair[0].send(data[number : number + 1])
            over.wait(0.05)

    sender = threading.Thread(target=trickle)
    sender.start()
    start = time.monotonic()
    with pytest.raises(BadInput, match="was incomplete after"):
        admission.receive(pair[1])
    assert time.monotonic() - start < 2
    over.set()
    sender.join()


KINDS = {
    "unix socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).detach(),
    "internet socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).detach(),
    "netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM).detach(),
    "directory": lambda: os.open("/", os.O_RDONLY),
    "namespace": lambda: os.open("/proc/self/ns/net", os.O_RDONLY),
    "path": lambda: os.open(__file__, os.O_PATH),
    "terminal": lambda: os.openpty()[1],
    "master": lambda: os.openpty()[0],
    "event": lambda: os.eventfd(0),
    "process": lambda: os.pidfd_open(os.getpid()),
    "file": lambda: os.open(__file__, os.O_RDONLY),
    "pipe": lambda: os.pipe()[0],
    "memory": lambda: os.memfd_create("memory"),
    "null": lambda: os.open("/dev/null", os.O_RDWR),
    "zero": lambda: os.open("/dev/zero", os.O_RDWR),
    "random": lambda: os.open("/dev/urandom", os.O_RDONLY),
}
LET_IN = ("file", "pipe", "memory", "null", "zero", "random")


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - LET_IN))
@pytest.mark.parametrize("place", [0, 1, 2])
def test_descriptors_that_lead_out_are_refused(kind: str, place: int, null: int) -> None:
    descriptors = [null] * 3
    descriptors[place] = KINDS[kind]()
    with pytest.raises(BadInput, match=f"descriptor {place} is ") as refused:
        admission.check_descriptors(descriptors)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", LET_IN)
def test_plain_descriptors_are_let_in(kind: str, null: int) -> None:
    admission.check_descriptors([KINDS[kind](), null, null])


def test_a_terminal_is_let_in_where_it_is_the_commands(null: int) -> None:
    _, slave = os.openpty()
    _, other = os.openpty()
    admission.check_descriptors([slave, slave, null, slave])
    with pytest.raises(BadInput, match="descriptor 1 is another terminal"):
        admission.check_descriptors([slave, other, null, slave])
    with pytest.raises(BadInput, match="descriptor 3 is"):
        admission.check_descriptors([null, null, null, KINDS["directory"]()])
    with pytest.raises(BadInput, match="descriptor 3 is"):
        admission.check_descriptors([null, null, null, null])


class Asked:
    """A connection as SO_PEERCRED and SO_PEERGROUPS describe it."""

    def __init__(self, uid: int, gid: int, groups: list[int]) -> None:
        self.answers = {
            socket.SO_PEERCRED: struct.pack("3I", 0, uid, gid),
            admission.SO_PEERGROUPS: struct.pack(f"{len(groups)}I", *groups),
        }

    def getsockopt(self, _level: int, name: int, size: int) -> bytes:
        if len(self.answers[name]) > size:
            raise OSError("ERANGE")
        return self.answers[name]


@pytest.mark.parametrize(
    ("uid", "gid", "groups", "reason"),
    [
        (0, 0, [], "commands do not run as root"),
        (0, 1000, [1000], "commands do not run as root"),
        (1000, 1000, list(range(300)), "more than 256 groups"),
    ],
)
def test_callers_that_nobody_may_become(uid: int, gid: int, groups: list[int], reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        admission.peer(Asked(uid, gid, groups))  # type: ignore[arg-type]


def test_the_peer_is_who_connected(pair: tuple[socket.socket, socket.socket]) -> None:
    if os.geteuid() == 0:
        with pytest.raises(BadInput, match="root"):
            admission.peer(pair[1])
    asked = admission.peer(Asked(1000, 2**32 - 2, [100, 2**31]))  # type: ignore[arg-type]
    assert (asked.uid, asked.gid, asked.groups) == (1000, 2**32 - 2, [100, 2**31])


GROUP = grp.getgrall()[0]  # any group of this machine


@pytest.mark.parametrize(
    ("gid", "groups", "let_in"),
    [
        (GROUP.gr_gid, [], True),
        (GROUP.gr_gid + 1000, [GROUP.gr_gid + 1, GROUP.gr_gid], True),
        (GROUP.gr_gid + 1000, [GROUP.gr_gid + 1], False),
    ],
)
def test_only_members_are_let_in(gid: int, groups: list[int], let_in: bool) -> None:  # noqa: FBT001
    caller = Peer(1000, gid, groups)
    if let_in:
        admission.admit(caller, "vpn", GROUP.gr_name)
    else:
        with pytest.raises(
            BadInput,
            match=f"you are not in group {GROUP.gr_name}; ask .* nsguard[.]namespaces[.]vpn[.]users, then log in again",
        ):
            admission.admit(caller, "vpn", GROUP.gr_name)
    with pytest.raises(BadInput, match="does not exist on this machine; create it"):
        admission.admit(caller, "vpn", "no-such-group")
