"""Stands in for the daemons of a host, and for its habits, so that attacks on them have a control.

usage: python3 -m nsguard_harness.inside.standin RECORDS

It listens wherever an attack expects a daemon, writes down what it is told, sends what is meant for it on to the
uplink's network, and answers. Where an attack leaves a file for the host to run, it sends on what is in the file.
What already exists is left alone; what it made is removed at the end.
"""

from __future__ import annotations

import ctypes
import errno
import os
import pwd
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from .. import attacks
from ..addresses import LAB
from ..attacks import hostnetwork, leftovers, messages, terminals
from ..attacks._processes import accounts
from ..attacks._standins import MARK, Daemon, address, has_home, path_of
from .notify import ready
from .records import Records

LIMIT = 1200  # bytes passed on, so that a datagram fits a frame
POLL_SECONDS = 0.1
# one process of each user, as any user has them outside: what it holds and knows is there to be taken
BYSTANDER = """
import os, sys
os.write(os.memfd_create("nsguard-leaktest"), b"nsguard-leaktest")
os.open("/proc/self/ns/net", os.O_RDONLY)
print(flush=True)
sys.stdin.read()
"""


class Place(NamedTuple):
    """Where to listen, for whom."""

    path: str
    owner: int
    daemon: type[Daemon]


def places() -> Iterator[Place]:
    """Every place at which an attack looks for a daemon; those of a user once for each user."""
    users = accounts()
    for attack in attacks.registry().values():
        if issubclass(attack, Daemon):
            for user in users if "{" in attack.path else users[:1]:
                if "{home}" not in attack.path or has_home(user):
                    yield Place(path_of(attack.path, user), user.pw_uid, attack)


class StandIn:
    """All stand-ins in one process; `close` removes what they made."""

    def __init__(self, records: Records, uplink: socket.socket) -> None:
        """uplink: a connected datagram socket; what is passed on is sent there."""
        self._records, self._uplink = records, uplink
        self._places: list[Place] = []
        self._searched: list[Path] = []  # directories in which attacks leave files
        self._stack = ExitStack()
        self._listeners = self._stack.enter_context(selectors.DefaultSelector())

    def close(self) -> None:
        self._stack.close()

    def listen(self, place: Place) -> None:
        """Listen at a place while nobody else does."""
        self._places.append(place)
        self._open(place)

    def _open(self, place: Place) -> None:
        path = Path(place.path)
        if not place.path.startswith("@"):
            if path.exists():
                return
            self._make(path.parent, place.owner)
        listener = self._stack.enter_context(socket.socket(socket.AF_UNIX, place.daemon.kind))
        listener.bind(address(place.path))
        if not place.path.startswith("@"):
            self._stack.callback(path.unlink, missing_ok=True)
            path.chmod(place.daemon.mode)
            os.chown(path, place.owner, -1)
        if place.daemon.kind == socket.SOCK_STREAM:
            listener.listen(64)
        self._listeners.register(listener, selectors.EVENT_READ, place)

    def files(self) -> None:
        """Make the places for files that attacks leave, and lay those that they look for."""
        for directory, user in leftovers.places():
            try:
                self._make(Path(directory), pwd.getpwnam(user).pw_uid)
            except OSError as error:
                if error.errno != errno.EROFS:
                    raise
                continue  # nobody can leave a file there
            self._searched.append(Path(directory))
        for name, text in hostnetwork.laid(LAB):
            path = Path(name)
            self._make(path.parent, 0)
            path.write_text(text)
            self._stack.callback(path.unlink, missing_ok=True)

    def _make(self, directory: Path, owner: int) -> None:
        made = [parent for parent in (directory, *directory.parents) if not parent.exists()]
        for parent in reversed(made):
            parent.mkdir(mode=0o755)
            os.chown(parent, owner, -1)
            self._stack.callback(_remove, parent)

    def users(self) -> None:
        """Let a process of every user stand by."""
        for identity in accounts():
            bystander = subprocess.Popen(
                [sys.executable, "-c", BYSTANDER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                user=identity.pw_uid,
                group=identity.pw_gid,
                extra_groups=[],
                env={"NOTE": MARK},
            )
            self._stack.callback(bystander.wait)
            assert bystander.stdin is not None
            assert bystander.stdout is not None
            self._stack.callback(bystander.stdin.close)  # which ends it
            bystander.stdout.readline()

    def terminals(self) -> None:
        """Let every user sit at a terminal, and type a line for what is shown."""
        for account in accounts():
            screen, terminal = os.openpty()
            self._stack.callback(os.close, terminal)
            os.fchown(terminal, account.pw_uid, -1)
            threading.Thread(target=self._sit, args=(screen, account.pw_name), daemon=True).start()

    def _sit(self, screen: int, user: str) -> None:
        with suppress(OSError):  # the terminal was closed: this is the end
            while True:
                shown = os.read(screen, 65536)
                self._told(f"terminal of {user}", shown)
                os.write(screen, shown.count(MARK.encode()) * (terminals.TYPED + b"\n"))

    def queues(self) -> None:
        """Take messages from the queues that processes of one host share."""
        libc = ctypes.CDLL(None, use_errno=True)
        for queue in (messages.SystemV(libc), messages.Posix(libc)):
            queue.make()
            self._stack.callback(queue.remove)
            threading.Thread(target=self._drain, args=(queue,), daemon=True).start()

    def _drain(self, queue: messages.Queue) -> None:
        with suppress(OSError):  # it was removed: this is the end
            while True:
                self._told(queue.name, queue.receive())

    def turn(self) -> None:
        """Take what came, for as long as it takes until something does or it is time to look for files."""
        for key, _ in self._listeners.select(POLL_SECONDS):
            assert isinstance(key.fileobj, socket.socket)
            self._take(key.fileobj, key.data)
        for directory in self._searched:
            self._run_files(directory)
        self._listen_again()

    def _listen_again(self) -> None:
        """Where a socket is gone: when a user's session begins or ends, /run/user/UID is another file system."""
        for place in self._places:
            if not place.path.startswith("@") and not os.path.exists(place.path):
                with suppress(OSError):  # the directory is just being mounted or removed: the next turn comes
                    self._open(place)

    def _take(self, listener: socket.socket, place: Place) -> None:
        if place.daemon.kind == socket.SOCK_DGRAM:
            self._told(place.path, listener.recv(65536))
        else:
            client, _ = listener.accept()
            threading.Thread(target=self._answer, args=(client, place), daemon=True).start()

    def _answer(self, client: socket.socket, place: Place) -> None:
        with client, suppress(OSError):
            client.settimeout(2)
            if place.daemon.gives:
                socket.send_fds(client, [b"given"], [self._uplink.fileno()])
            self._told(place.path, client.recv(65536))
            client.sendall(f"stand-in at {place.path}\n".encode())

    def _run_files(self, directory: Path) -> None:
        with suppress(OSError):
            for path in directory.iterdir():
                if MARK in path.name:
                    self._told(str(path), path.read_bytes())
                    path.unlink()

    def _told(self, source: str, data: bytes) -> None:
        if MARK.encode() in data:
            self._records.add(place=source, told=data.decode(errors="backslashreplace"))
            with suppress(OSError):
                self._uplink.send(data[:LIMIT])


def _remove(directory: Path) -> None:
    with suppress(OSError):  # somebody else has something in it by now
        directory.rmdir()


def main(records: Path) -> None:
    """Serve until a signal comes."""
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
    uplink = socket.socket(type=socket.SOCK_DGRAM)
    uplink.connect((LAB.server.v4, LAB.echo_port))
    stand_in = StandIn(Records(records), uplink)
    try:
        for place in places():
            stand_in.listen(place)
        stand_in.files()
        stand_in.users()
        stand_in.terminals()
        stand_in.queues()
        ready()
        while not ended:
            stand_in.turn()
        stand_in.turn()  # what came last
    finally:
        stand_in.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
