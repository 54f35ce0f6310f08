"""The stand-in's answers have the layout of glibc's nscd/nscd-client.h."""

from __future__ import annotations

import socket
import struct

from nsguard_harness.inside.nscd import ai_response, host_response


def test_an_answer_for_gethostbyname() -> None:
    header = struct.pack("=8i", 2, 1, 5, 0, socket.AF_INET, 4, 2, 0)
    assert host_response("name", socket.AF_INET, ["192.0.2.1", "192.0.2.2"]) == (
        header + b"name\0" + bytes([192, 0, 2, 1, 192, 0, 2, 2])
    )


def test_an_answer_for_getaddrinfo() -> None:
    answer = ai_response("name", ["2001:db8::1", "192.0.2.1"])
    addresses = bytes.fromhex("20010db8000000000000000000000001 c0000201")
    families = bytes([socket.AF_INET6, socket.AF_INET])
    assert answer == struct.pack("=6i", 2, 1, 2, 20, 5, 0) + addresses + families + b"name\0"


def test_not_found() -> None:
    assert struct.unpack("=6i", ai_response("name", [])) == (2, 0, 0, 0, 0, 1)
    assert struct.unpack("=8i", host_response("name", socket.AF_INET, []))[1] == 0
