"""The request of `nsguard run`: decoding returns what was encoded, and refuses everything else in one line."""

import contextlib
import random

import pytest

from nsguard.errors import BadInput
from nsguard.run import protocol
from nsguard.run.protocol import Request
from run_request import request


@pytest.mark.parametrize("changes", [{}, {"foreground": False}, {"umask": 0}, {"environment": []}])
def test_what_is_encoded_is_decoded(changes: dict[str, object]) -> None:
    whole = request(**changes)
    data = protocol.encode(whole)
    assert int.from_bytes(data[: protocol.LENGTH], "big") == len(data) - protocol.LENGTH
    assert vars(protocol.decode(data[protocol.LENGTH :])) == vars(whole)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, b"2"),
        (1, b"888"),
        (1, b"+7"),
        (2, b"yes"),
        (3, b"home"),
        (3, b""),
        (4, b"-1"),
        (5, b"1_0"),
        (5, b"9" * 21),
        (6, b"0"),
        (6, b"11"),
        (6, b"99999999999999999999"),
        (7, b""),
        (-1, b"no-value"),
        (-1, b"=nameless"),
    ],
)
def test_a_request_that_encode_would_not_make_is_refused(place: int, value: bytes) -> None:
    fields = protocol.encode(request())[protocol.LENGTH :].split(b"\0")[:-1]
    fields[place] = value
    with pytest.raises(BadInput):
        protocol.decode(b"".join(field + b"\0" for field in fields))


@pytest.mark.parametrize("body", [b"", b"\0", b"1", b"1\0" * 7, b"\0" * 100])
def test_a_body_of_another_shape_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput):
        protocol.decode(body)


def test_no_bytes_at_all_break_the_decoder() -> None:
    """The decoder raises only BadInput, for any input."""
    chance = random.Random(7)  # noqa: S311 (a test)
    whole = protocol.encode(request())[protocol.LENGTH :]
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(data))
            data[place : place + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
        with contextlib.suppress(BadInput):
            protocol.decode(bytes(data))


@pytest.mark.parametrize(
    "bad", [request(arguments=[b"a\0b"]), request(environment=[b"A=\0"]), request(arguments=[b"a" * protocol.LIMIT])]
)
def test_what_cannot_be_said_is_refused_before_it_is_sent(bad: Request) -> None:
    with pytest.raises(BadInput):
        protocol.encode(bad)
