"""Packets as fast as the kernel takes them, for as long as asked: what each passes on its way is what it costs.

usage: python3 -m nsguard_harness.inside.flood SECONDS ADDRESS
Prints how many datagrams were sent in a second. One system call sends hundreds of them (sendmmsg(2)), so that Python
does not count.
"""

import ctypes
import os
import socket
import sys
import time

BATCH = 512
PAYLOAD = b"nsguard-flood"
DISCARD = 9  # RFC 863


class Vector(ctypes.Structure):
    """struct iovec of readv(2)."""

    _fields_ = (("base", ctypes.c_char_p), ("length", ctypes.c_size_t))


class Header(ctypes.Structure):
    """struct mmsghdr of sendmmsg(2)."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("vectors", ctypes.POINTER(Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("sent", ctypes.c_uint),
    )


def flood(seconds: float, address: str) -> float:
    """Datagrams sent in a second to the address. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    vector = Vector(PAYLOAD, len(PAYLOAD))
    batch = (Header * BATCH)()
    for header in batch:
        header.vectors, header.vector_count = ctypes.pointer(vector), 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect((address, DISCARD))
        sent, start = 0, time.monotonic()
        while (now := time.monotonic()) < start + seconds:
            done = libc.sendmmsg(sender.fileno(), batch, BATCH, 0)
            if done < 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            sent += done
    return sent / (now - start)


if __name__ == "__main__":
    print(f"{flood(float(sys.argv[1]), sys.argv[2]):.0f}")
