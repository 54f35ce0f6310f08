"""Security contexts from a fake compositor: the messages on the wire, and the sockets afterwards."""

import array
import contextlib
import os
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nsguard.apps import display, wayland
from nsguard.apps.wayland import MANAGER, Compositor, Unprotected
from nsguard.errors import NsguardError
from nsguard.system import process

Message = tuple[int, int, bytes]


def text(word: str) -> bytes:
    data = word.encode() + b"\0"
    return struct.pack("=I", len(data)) + data.ljust(-(-len(data) // 4) * 4, b"\0")


def event(target: int, opcode: int, arguments: bytes) -> bytes:
    return struct.pack("=2I", target, (8 + len(arguments)) << 16 | opcode) + arguments


class Fake:
    """A fake compositor that offers some globals in the wire format, and refuses everything while `refusing`."""

    def __init__(self, path: Path, *interfaces: str) -> None:
        self.interfaces, self.messages, self.descriptors = interfaces, list[Message](), list[int]()
        self.refusing = self.closed = False
        self._path = path
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            data = connection.recv(3, socket.MSG_PEEK)
            if data == b"end":
                connection.close()
                return
            self._connections.append(connection)
            threading.Thread(target=self._speak, args=[connection]).start()

    def _speak(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the client hung up, perhaps before it read the answer
            self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        while True:
            data, more, _, _ = connection.recvmsg(1 << 16, socket.CMSG_LEN(64))
            for _, _, content in more:
                numbers = array.array("i")
                numbers.frombytes(content)
                self.descriptors += numbers
            if not data:
                return
            while data:
                target, word = struct.unpack("=2I", data[:8])
                self._hear(connection, target, word & 0xFFFF, data[8 : word >> 16])
                data = data[word >> 16 :]

    def _hear(self, connection: socket.socket, target: int, opcode: int, arguments: bytes) -> None:
        self.messages.append((target, opcode, arguments))
        if (target, opcode) == (1, 1):
            for number, interface in enumerate(self.interfaces, 7):
                # in two parts, because a stream may deliver it so
                message = event(2, 0, struct.pack("=I", number) + text(interface) + struct.pack("=I", 1))
                connection.send(message[:9])
                connection.send(message[9:])
        if (target, opcode) == (1, 0):
            if self.refusing:
                connection.send(event(1, 0, struct.pack("=2I", 1, 2) + text("nested \x1b[2J")))
            connection.send(event(struct.unpack("=I", arguments)[0], 0, struct.pack("=I", 0)))

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX) as end:
            end.connect(self._listener.getsockname())
            end.send(b"end")
            self._thread.join()
        self._listener.close()
        for connection in self._connections:
            connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._path.unlink()
        self.closed = True


Make = Callable[..., Fake]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Fake] = []

    def fake(*interfaces: str) -> Fake:
        made.append(Fake(tmp_path / "wayland-0", *interfaces))
        return made[-1]

    yield fake
    for one in made:
        if not one.closed:
            one.close()


def test_a_context_is_asked_for_as_the_protocol_has_it(tmp_path: Path, make: Make) -> None:
    fake = make("wl_compositor", MANAGER, "zwp_virtual_keyboard_manager_v1")
    compositor = Compositor(str(tmp_path / "wayland-0"))
    end, held = os.pipe()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "own"))
        listener.listen()
        compositor.listen(listener, end, "web")
    os.close(end)
    manager, context = 4, 5
    assert fake.messages == [
        (1, 1, struct.pack("=I", 2)),
        (1, 0, struct.pack("=I", 3)),
        (2, 0, struct.pack("=I", 8) + text(MANAGER) + struct.pack("=2I", 1, manager)),
        (manager, 1, struct.pack("=I", context)),
        (context, 1, text("nsguard")),
        (context, 2, text("web")),
        (context, 4, b""),
        (1, 0, struct.pack("=I", 6)),
    ]
    # The compositor accepts clients at the first descriptor, until the far end of the second is closed.
    listening, ending = fake.descriptors
    with socket.socket(socket.AF_UNIX) as client, socket.socket(fileno=listening) as listener:
        client.connect(str(tmp_path / "own"))
        listener.accept()[0].close()
    os.close(held)
    assert select.select([ending], [], [], 5)[0] == [ending]
    os.close(ending)
    compositor.close()


def test_a_compositor_without_contexts_is_named(tmp_path: Path, make: Make) -> None:
    fake = make("wl_compositor", "zwp_virtual_keyboard_manager_v1")
    path = str(tmp_path / "wayland-0")
    with pytest.raises(
        Unprotected, match=rf"^the compositor at {path} does not offer {MANAGER}, so nothing would keep"
    ):
        wayland.check(path)
    assert fake.descriptors == []
    wayland.check(str(tmp_path / "nobody"))


def test_a_refusal_is_told_without_what_a_terminal_acts_on(tmp_path: Path, make: Make) -> None:
    make(MANAGER).refusing = True
    with pytest.raises(NsguardError, match=r"the compositor refuses: 'nested \\x1b\[2J'; see its log$"):
        Compositor(str(tmp_path / "wayland-0"))


@pytest.mark.parametrize("said", [b"HTTP/1.0 400 no\r\n\r\n", bytes(64), b"\1"])
def test_what_is_no_compositor_is_named(tmp_path: Path, said: bytes) -> None:
    path = str(tmp_path / "wayland-0")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def answer() -> None:
            connection = listener.accept()[0]
            connection.recv(99)
            connection.send(said)
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises((NsguardError, OSError)):
            Compositor(path)
        thread.join()


def test_the_socket_comes_and_goes_with_the_compositor(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(process, "say", said.append)
    own = tmp_path / "own"
    own.mkdir()
    it = display._Display("web", str(tmp_path / "wayland-0"), str(own))
    it.look()
    assert (list(own.iterdir()), said) == ([], [])
    fake = make(MANAGER)
    it.look()
    it.look()
    assert [one.name for one in own.iterdir()] == ["wayland-0"]
    assert len(fake.descriptors) == 2
    fake.close()
    it.look()
    assert (list(own.iterdir()), said) == ([], [])
    assert select.select(fake.descriptors[1:], [], [], 5)[0] == fake.descriptors[1:]
    bare = make("wl_compositor")
    it.look()
    it.look()
    assert (list(own.iterdir()), bare.descriptors) == ([], [])
    (line,) = said
    assert line.startswith(f"nsguard: nsguard.apps.web: the compositor at {tmp_path}/wayland-0 does not offer")
    for each in fake.descriptors:
        os.close(each)
