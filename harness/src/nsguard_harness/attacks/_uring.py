"""io_uring by hand, as much as one IORING_OP_SOCKET needs (linux/io_uring.h)."""

from __future__ import annotations

import ctypes
import mmap
import os
import struct

SETUP, ENTER = 425, 426  # the same numbers on all architectures
OP_SOCKET = 45
GETEVENTS = 1
OFF_SQ_RING, OFF_CQ_RING, OFF_SQES = 0, 0x8000000, 0x10000000
PARAMS_SIZE, SQ_OFFSETS, CQ_OFFSETS = 120, 40, 80
SQE_SIZE, CQE_SIZE = 64, 16


def open_socket(family: int, kind: int) -> int:
    """A descriptor made by io_uring, or a negative errno."""
    libc = ctypes.CDLL(None, use_errno=True)
    params = ctypes.create_string_buffer(PARAMS_SIZE)
    ring: int = libc.syscall(SETUP, 1, params)
    if ring < 0:
        return -ctypes.get_errno()
    try:
        # heads, tails, masks and arrays of both rings, as offsets into their mappings
        _, sq_tail, *_, sq_array = struct.unpack_from("=7I", params, SQ_OFFSETS)
        *_, cqes = struct.unpack_from("=6I", params, CQ_OFFSETS)
        sq = mmap.mmap(ring, sq_array + 4, offset=OFF_SQ_RING)
        cq = mmap.mmap(ring, cqes + 2 * CQE_SIZE, offset=OFF_CQ_RING)
        sqes = mmap.mmap(ring, SQE_SIZE, offset=OFF_SQES)
        # opcode, fd = domain, off = type, len = protocol
        struct.pack_into("=BBHiQQI", sqes, 0, OP_SOCKET, 0, 0, family, kind, 0, 0)
        struct.pack_into("=I", sq, sq_array, 0)
        struct.pack_into("=I", sq, sq_tail, 1)
        if libc.syscall(ENTER, ring, 1, 1, GETEVENTS, None, 0) < 0:
            return -ctypes.get_errno()
        result: int = struct.unpack_from("=i", cq, cqes + 8)[0]
        return result
    finally:
        os.close(ring)
