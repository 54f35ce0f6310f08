"""Queues and memory that processes of one host share by name, without any file or socket."""

from __future__ import annotations

import ctypes
import os
from abc import ABC, abstractmethod

from ..attack import Env, Outcome
from . import _tools
from ._standins import WithStandins

KEY = 0x6E736764
NAME = b"/nsguard-leaktest"
SIZE = 1024  # bytes of a message
IPC_CREAT, IPC_RMID, OPEN_TO_ALL = 0o1000, 0, 0o666


class Queue(ABC):
    """A message queue, by the C library. Raises OSError."""

    name: str

    def __init__(self, libc: ctypes.CDLL) -> None:
        self._libc = libc
        self._id = -1

    def _done(self, result: int) -> int:
        if result < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return result

    @abstractmethod
    def make(self) -> None:
        """Make the queue, open to everybody."""

    @abstractmethod
    def find(self) -> None:
        """Open the queue that another process made."""

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Send a message."""

    @abstractmethod
    def receive(self) -> bytes:
        """Wait for a message."""

    @abstractmethod
    def remove(self) -> None:
        """Remove the queue."""


class SystemV(Queue):
    """sysvipc(7)."""

    name = "System V"

    def make(self) -> None:
        self._id = self._done(self._libc.msgget(KEY, IPC_CREAT | OPEN_TO_ALL))

    def find(self) -> None:
        self._id = self._done(self._libc.msgget(KEY, 0))

    def send(self, data: bytes) -> None:
        message = (1).to_bytes(ctypes.sizeof(ctypes.c_long), "little") + data
        self._done(self._libc.msgsnd(self._id, message, ctypes.c_size_t(len(data)), 0))

    def receive(self) -> bytes:
        head = ctypes.sizeof(ctypes.c_long)
        space = ctypes.create_string_buffer(head + SIZE)
        length = self._done(self._libc.msgrcv(self._id, space, ctypes.c_size_t(SIZE), ctypes.c_long(0), 0))
        return space.raw[head : head + length]

    def remove(self) -> None:
        self._done(self._libc.msgctl(self._id, IPC_RMID, None))


class Posix(Queue):
    """mq_overview(7)."""

    name = "POSIX"

    def make(self) -> None:
        attributes = (ctypes.c_long * 8)(0, 10, SIZE)  # struct mq_attr: flags, messages, bytes of each
        mask = os.umask(0)
        try:
            self._id = self._done(self._libc.mq_open(NAME, os.O_RDWR | os.O_CREAT, OPEN_TO_ALL, attributes))
        finally:
            os.umask(mask)

    def find(self) -> None:
        self._id = self._done(self._libc.mq_open(NAME, os.O_WRONLY))

    def send(self, data: bytes) -> None:
        self._done(self._libc.mq_send(self._id, data, ctypes.c_size_t(len(data)), 0))

    def receive(self) -> bytes:
        space = ctypes.create_string_buffer(SIZE)
        length = self._done(self._libc.mq_receive(self._id, space, ctypes.c_size_t(SIZE), None))
        return space.raw[:length]

    def remove(self) -> None:
        self._done(self._libc.mq_unlink(NAME))


class _ByQueue(WithStandins):
    evidence = "wire"
    queue: type[Queue]

    def run(self, env: Env) -> Outcome:
        queue = self.queue(ctypes.CDLL(None, use_errno=True))
        queue.find()
        queue.send(_tools.payload(env))
        return Outcome(True, f"a {queue.name} queue of the host took a message")


class MessageQueueSystemV(_ByQueue):
    """Claim: the System V queues, semaphores and memory of the host's processes are not those of the service.

    Method: msgsnd(2) of the token to a queue with a known key; a stand-in sends on what it receives.
    Limitations: semaphores and memory have the same namespace, and are not tried.
    Source: sysvipc(7), ipc_namespaces(7).
    """

    name = "message-queue-system-v"
    queue = SystemV


class MessageQueuePosix(_ByQueue):
    """Claim: the POSIX message queues of the host's processes are not those of the service.

    Method: mq_send(3) of the token to a queue with a known name; a stand-in sends on what it receives.
    Limitations: POSIX shared memory is files in /dev/shm; see sockets-in-sight.
    Source: mq_overview(7), ipc_namespaces(7).
    """

    name = "message-queue-posix"
    queue = Posix
