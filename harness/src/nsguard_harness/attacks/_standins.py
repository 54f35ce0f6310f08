"""Attacks on daemons that work for any client: in the lab a stand-in answers for them (inside/standin.py), so that
controls are seen. The standard library only.
"""

from __future__ import annotations

import os
import pwd
import socket
from typing import TYPE_CHECKING, ClassVar, Literal
from weakref import WeakKeyDictionary

from ..attack import PATIENCE, Attack, CannotApplyError, Env, Lacking, Outcome
from . import _tools

if TYPE_CHECKING:
    from ..lab.base import Lab

RECORDS = "/var/lib/nsguard-lab/standin.jsonl"
# a stand-in passes on only what contains this: the rest comes from programs of the host, and is not for it
MARK = "nsguard-leaktest"

_using: WeakKeyDictionary[Lab, int] = WeakKeyDictionary()


class WithStandins(Attack):
    """An attack that needs the stand-ins: they run on the client, all in one process, while any such attack runs."""

    families: ClassVar[tuple[int, ...]] = (0,)
    evidence: ClassVar[Literal["wire", "answer"]] = "answer"

    def before(self, lab: Lab) -> None:
        _using[lab] = _using.get(lab, 0) + 1
        if _using[lab] == 1:
            lab.peer.start("standin", RECORDS, lab.client)

    def after(self, lab: Lab) -> None:
        _using[lab] -= 1
        if not _using[lab]:
            lab.peer.stop("standin", RECORDS, lab.client)


def has_home(account: pwd.struct_passwd) -> bool:
    """Whether the account has a home that can hold files: those of some system accounts do not exist."""
    return account.pw_dir not in ("/", "/nonexistent", "/var/empty")


def path_of(path: str, user: pwd.struct_passwd) -> str:
    """The path at which that user's daemon listens. Raises CannotApplyError if that is in a home and there is none."""
    if "{home}" in path and not has_home(user):
        raise CannotApplyError(Lacking.MACHINE, f"{user.pw_name} has no home")
    return path.format(uid=user.pw_uid, home=user.pw_dir)


class Daemon(WithStandins):
    """Speak to a daemon by its socket; any answer is a success, and so is the token on the wire.

    path: `{uid}` stands for the number of the user who tries, `{home}` for that user's home; a leading @ for the
    abstract namespace.
    mode: who may connect; gives: whether the stand-in hands over a socket of the host's, instead of listening.
    """

    path: ClassVar[str]
    mode: ClassVar[int] = 0o666
    kind: ClassVar[socket.SocketKind] = socket.SOCK_STREAM
    gives: ClassVar[bool] = False

    def words(self, env: Env) -> bytes:
        """What to send: the protocol's first message, with the token in it."""
        return _tools.payload(env)

    def run(self, env: Env) -> Outcome:
        path = path_of(self.path, pwd.getpwuid(os.getuid()))
        with connected(path, self.kind, env.patience) as daemon:
            daemon.send(self.words(env))
            if self.kind == socket.SOCK_DGRAM:
                return Outcome(True, f"{path} took a datagram")
            answer = daemon.recv(200)
        return Outcome(bool(answer), f"answered: {answer.decode(errors='replace').strip()}")


def connected(path: str, kind: socket.SocketKind = socket.SOCK_STREAM, patience: float = PATIENCE) -> socket.socket:
    """A socket connected to a path, or with a leading @ to an abstract name. Raises OSError that names it."""
    stream = socket.socket(socket.AF_UNIX, kind)
    try:
        stream.settimeout(patience)
        stream.connect(address(path))
    except OSError as error:
        stream.close()
        raise OSError(f"{path}: {error.strerror or error}") from None
    return stream


def address(path: str) -> str:
    """A path as the kernel takes it (unix(7))."""
    return "\0" + path[1:] if path.startswith("@") else path


def marked(env: Env) -> str:
    """The token as one word that a stand-in passes on, and that may be part of a name."""
    return f"{MARK}-{env.token}"


def request(line: str, env: Env, body: str = "") -> bytes:
    """An HTTP request; the token is in its body, and in `line` where that has a place for it."""
    content = f"{body}{marked(env)}"
    head = f"{line.format(token=marked(env))} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n\r\n"
    return (head + content).encode()
