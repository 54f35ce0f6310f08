"""As much of the DNS wire format (RFC 1035, section 4; RFC 3596 for AAAA) as the lab's servers need."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence
from typing import NamedTuple

HEADER = struct.Struct("!6H")
TYPES = {1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 16: "TXT", 28: "AAAA", 33: "SRV", 65: "HTTPS"}
NUMBERS = {name: number for number, name in TYPES.items()}
IN = 1
RESPONSE, AUTHORITATIVE, RECURSION_DESIRED, RECURSION_AVAILABLE = 0x8000, 0x0400, 0x0100, 0x0080
TTL_SECONDS = 1


class Query(NamedTuple):
    """identity: chosen by the asker; name: without the last dot, as asked; type: its name, or TYPE<number>."""

    identity: int
    name: str
    type: str
    recursion: bool = True


def _name(data: bytes, at: int) -> tuple[str, int]:
    """A name without compression, and the offset after it; raises ValueError."""
    labels: list[str] = []
    while True:
        if at >= len(data):
            raise ValueError("name runs over the end")
        length = data[at]
        at += 1
        if length == 0:
            return ".".join(labels), at
        if length > 63 or at + length > len(data):
            raise ValueError("label is too long")
        labels.append(data[at : at + length].decode("ascii", "backslashreplace"))
        at += length


def encode_name(name: str) -> bytes:
    """A name as labels; raises ValueError when a label or the whole is too long (RFC 1035, 2.3.4)."""
    labels = [label.encode("ascii") for label in name.rstrip(".").split(".") if label]
    if any(len(label) > 63 for label in labels):
        raise ValueError("a label has more than 63 bytes")
    encoded = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    if len(encoded) > 255:
        raise ValueError("a name has more than 255 bytes")
    return encoded


def encode_query(query: Query) -> bytes:
    """One question, as a stub resolver asks it."""
    flags = RECURSION_DESIRED if query.recursion else 0
    number = NUMBERS[query.type]
    return HEADER.pack(query.identity, flags, 1, 0, 0, 0) + encode_name(query.name) + struct.pack("!2H", number, IN)


def decode_query(data: bytes) -> Query:
    """The question of a message; raises ValueError when it is not a query with exactly one."""
    if len(data) < HEADER.size:
        raise ValueError("message is shorter than its header")
    identity, flags, questions, *_ = HEADER.unpack_from(data)
    if flags & RESPONSE or questions != 1:
        raise ValueError("message is not one question")
    name, at = _name(data, HEADER.size)
    if at + 4 > len(data):
        raise ValueError("question is cut")
    number = struct.unpack_from("!H", data, at)[0]
    return Query(identity, name, TYPES.get(number, f"TYPE{number}"), bool(flags & RECURSION_DESIRED))


def encode_answer(question: bytes, addresses: Sequence[str]) -> bytes:
    """The answer to a query message: its addresses; for none the name is there, without data of that type."""
    query = decode_query(question)
    _, end = _name(question, HEADER.size)
    end += 4
    flags = RESPONSE | AUTHORITATIVE | RECURSION_AVAILABLE | (RECURSION_DESIRED if query.recursion else 0)
    records = b""
    for packed in (ipaddress.ip_address(address).packed for address in addresses):
        # 0xc00c points back to the name of the question, which follows the header
        records += struct.pack("!3HIH", 0xC00C, 28 if len(packed) == 16 else 1, IN, TTL_SECONDS, len(packed)) + packed
    counts = HEADER.pack(query.identity, flags, 1, len(addresses), 0, 0)
    return counts + question[HEADER.size : end] + records


def decode_addresses(data: bytes, identity: int) -> list[str]:
    """The addresses in an answer; raises ValueError for anything else than an answer to `identity`."""
    if len(data) < HEADER.size:
        raise ValueError("message is shorter than its header")
    answered, flags, questions, answers, *_ = HEADER.unpack_from(data)
    if answered != identity or not flags & RESPONSE or questions != 1:
        raise ValueError("message is not the answer")
    _, at = _name(data, HEADER.size)
    at += 4
    addresses = []
    for _ in range(answers):
        if data[at : at + 1] and data[at] >= 0xC0:
            at += 2
        else:
            _, at = _name(data, at)
        if at + 10 > len(data):
            raise ValueError("record is cut")
        number, _, _, length = struct.unpack_from("!2HIH", data, at)
        at += 10
        if TYPES.get(number) in ("A", "AAAA"):
            addresses.append(str(ipaddress.ip_address(data[at : at + length])))
        at += length
    return addresses
