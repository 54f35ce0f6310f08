"""A minimal Wayland client that sets up a security context (security-context-v1, staging, version 1).

On the socket of a security context, a compositor offers nothing that acts on other windows: no virtual keyboard, no
picture of the screen, no clipboard manager. The compositor decides what it leaves out; this module only checks that it
knows the protocol.

The wire format is words of 32 bits in the machine's byte order. A message consists of the object; a word with the
length in bytes in its upper half and the opcode in its lower half; and the arguments. A text starts with its length and
ends with a 0 and padding to whole words (Wayland protocol, appendix B).
"""

import array
import os
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from nsguard.errors import NsguardError
from nsguard.system.unix import connect

MANAGER = "wp_security_context_manager_v1"
# Seconds to wait for a compositor.
CONNECT_TIMEOUT = 5.0

_DISPLAY, _REGISTRY, _FIRST_FREE = 1, 2, 3
# Opcodes of requests, one line for each interface.
_SYNC, _GET_REGISTRY = 0, 1
_BIND = 0
_CREATE_LISTENER = 1
_SET_ENGINE, _SET_APP, _COMMIT = 1, 2, 4
# Opcodes of events.
_ERROR, _GLOBAL, _DONE = 0, 0, 0


class Unprotected(NsguardError):
    """The compositor has no security contexts."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"the compositor at {path} does not offer {MANAGER}, so nothing would keep an app from typing into other "
            f"windows; use a compositor that does (Sway does), or set gui.waylandUnfiltered and read its risk"
        )


class _Global(NamedTuple):
    name: int
    version: int


class Compositor:
    """A connection to a compositor. Raises OSError, or NsguardError if the program there is not a compositor."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._stream = connect(path, CONNECT_TIMEOUT)
        self._ids = iter(range(_FIRST_FREE, 1 << 20))
        self._input = b""
        self._globals: dict[str, _Global] = {}
        try:
            self._request(_DISPLAY, _GET_REGISTRY, struct.pack("=I", _REGISTRY))
            self._round_trip()
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        """The descriptor of the connection. It becomes readable when the compositor is gone."""
        return self._stream.fileno()

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def gone(self) -> bool:
        """Whether the compositor has ended; its messages are read and ignored."""
        self._stream.settimeout(0)
        try:
            return not self._stream.recv(1 << 16)
        except BlockingIOError:
            return False
        except OSError:
            return True

    @property
    def protects(self) -> bool:
        """Whether the compositor has security contexts."""
        return MANAGER in self._globals

    def listen(self, listener: socket.socket, end: int, app: str) -> None:
        """Let the compositor accept clients of `app` at `listener`, until the other end of the pipe `end` is closed.

        Raises `Unprotected`.
        """
        if not self.protects:
            raise Unprotected(self.path)
        manager, context = next(self._ids), next(self._ids)
        bound = struct.pack("=I", self._globals[MANAGER].name) + _text(MANAGER) + struct.pack("=2I", 1, manager)
        self._request(_REGISTRY, _BIND, bound)
        self._request(manager, _CREATE_LISTENER, struct.pack("=I", context), [listener.fileno(), end])
        self._request(context, _SET_ENGINE, _text("nsguard"))
        self._request(context, _SET_APP, _text(app))
        self._request(context, _COMMIT, b"")
        self._round_trip()

    def _request(self, target: int, opcode: int, arguments: bytes, descriptors: list[int] | None = None) -> None:
        message = struct.pack("=2I", target, (8 + len(arguments)) << 16 | opcode) + arguments
        more = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        if self._stream.sendmsg([message], more) != len(message):
            raise NsguardError(f"{self.path}: the compositor accepted only a part of a message; restart it")

    def _round_trip(self) -> None:
        """Wait until the compositor has handled all requests so far. Raises NsguardError if it reports an error."""
        callback = next(self._ids)
        self._request(_DISPLAY, _SYNC, struct.pack("=I", callback))
        for target, opcode, arguments in self._events():
            if (target, opcode) == (_DISPLAY, _ERROR):
                what = _read_text(arguments[8:])[0]
                raise NsguardError(f"{self.path}: the compositor refuses: {what!a}; see its log")
            if (target, opcode) == (_REGISTRY, _GLOBAL):
                interface, rest = _read_text(arguments[4:])
                self._globals[interface] = _Global(*struct.unpack("=I", arguments[:4]), *struct.unpack("=I", rest[:4]))
            if (target, opcode) == (callback, _DONE):
                return

    def _events(self) -> Iterator[tuple[int, int, bytes]]:
        """Object, opcode and arguments of each event, as they come."""
        while True:
            while len(self._input) >= 8:
                target, word = struct.unpack("=2I", self._input[:8])
                length = word >> 16
                if length < 8:
                    raise NsguardError(f"{self.path}: this is not a compositor; stop the program that listens there")
                if len(self._input) < length:
                    break
                arguments, self._input = self._input[8:length], self._input[length:]
                yield target, word & 0xFFFF, arguments
            if not (more := self._stream.recv(1 << 16)):
                raise NsguardError(f"{self.path}: the compositor closed the connection; see its log")
            self._input += more


def check(path: str) -> None:
    """Raise `Unprotected` if the compositor has no security contexts.

    A compositor that cannot be reached is not an error here, because the program itself reports that.
    """
    try:
        compositor = Compositor(path)
    except OSError:
        return
    compositor.close()
    if not compositor.protects:
        raise Unprotected(path)


def _text(text: str) -> bytes:
    data = os.fsencode(text) + b"\0"
    return struct.pack("=I", len(data)) + data + bytes(-len(data) % 4)


def _read_text(data: bytes) -> tuple[str, bytes]:
    """The text at the start of `data`, and the data after it."""
    (length,) = struct.unpack("=I", data[:4])
    return data[4 : 4 + length - 1].decode(errors="replace"), data[4 + length + -length % 4 :]
