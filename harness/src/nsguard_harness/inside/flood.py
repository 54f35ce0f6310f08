"""Packets of a connection as fast as the kernel takes them, for as long as asked: the cost of each is that of its way.

usage: python3 -m nsguard_harness.inside.flood SECONDS ADDRESS DEVICE
DEVICE is a persistent tun(4) that nobody else has opened. The first packet is read there and answered, so that the
connection is established; then the device is closed, and drops all others.
Prints how many datagrams were sent in a second of this process's time on a processor. One system call sends hundreds
of them (sendmmsg(2)), so that Python does not count.
"""

import ctypes
import fcntl
import os
import select
import socket
import struct
import sys
import time
from itertools import pairwise

BATCH = 512
PAYLOAD = b"nsguard-flood"
DISCARD = 9  # RFC 863
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000  # linux/if_tun.h
MAX_PACKET = 65535
PAUSE = 0.02


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


def answer(sender: socket.socket, device: str) -> None:
    """Send a packet by the device until one was answered: the device takes none before it has noticed its reader."""
    with open("/dev/net/tun", "r+b", buffering=0) as tun:
        fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI))
        while not select.select([sender], [], [], 0)[0]:
            sender.send(PAYLOAD)
            if select.select([tun], [], [], PAUSE)[0] and (packet := tun.read(MAX_PACKET)).endswith(PAYLOAD):
                tun.write(turned(packet))


def turned(packet: bytes) -> bytes:
    """A datagram of IPv4 (RFC 791, RFC 768) on its way back: addresses and ports exchanged, without UDP's checksum."""
    header, source, destination, ports, length = (packet[a:b] for a, b in pairwise((0, 12, 16, 20, 24, 26)))
    return header + destination + source + ports[2:] + ports[:2] + length + b"\0\0" + packet[28:]


def flood(seconds: float, address: str, device: str) -> float:
    """Datagrams sent to the address in a second of processor time. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    vector = Vector(PAYLOAD, len(PAYLOAD))
    batch = (Header * BATCH)()
    for header in batch:
        header.vectors, header.vector_count = ctypes.pointer(vector), 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect((address, DISCARD))
        answer(sender, device)
        sent, start = 0, time.process_time()
        while (now := time.process_time()) < start + seconds:
            done = libc.sendmmsg(sender.fileno(), batch, BATCH, 0)
            if done < 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            sent += done
    return sent / (now - start)


if __name__ == "__main__":
    print(f"{flood(float(sys.argv[1]), *sys.argv[2:]):.0f}")
