"""The DNS codec, against messages written out by hand and against itself."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nsguard_harness.inside import dnswire
from nsguard_harness.inside.dnswire import Query

# RFC 1035, 4.1: id 0x1234, recursion desired, one question: example.test. A IN
QUESTION = bytes.fromhex("1234 0100 0001 0000 0000 0000 07") + b"example\x04test\x00" + bytes.fromhex("0001 0001")
LABELS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=63)


def test_question_as_on_the_wire() -> None:
    assert dnswire.encode_query(Query(0x1234, "example.test", "A")) == QUESTION
    assert dnswire.decode_query(QUESTION) == Query(0x1234, "example.test", "A", recursion=True)


def test_answer_as_on_the_wire() -> None:
    answer = dnswire.encode_answer(QUESTION, ["203.0.113.80"])
    record = bytes.fromhex("c00c 0001 0001 00000001 0004 cb007150")
    assert answer == bytes.fromhex("1234 8580 0001 0001 0000 0000") + QUESTION[12:] + record


@given(st.lists(LABELS, min_size=1, max_size=3), st.integers(0, 0xFFFF), st.sampled_from(["A", "AAAA"]), st.booleans())
def test_queries_come_back_as_sent(labels: list[str], identity: int, kind: str, recursion: bool) -> None:
    query = Query(identity, ".".join(labels), kind, recursion)
    assert dnswire.decode_query(dnswire.encode_query(query)) == query


@given(st.lists(st.ip_addresses().map(str), max_size=5))
@example([])
def test_addresses_come_back_as_sent(addresses: list[str]) -> None:
    assert dnswire.decode_addresses(dnswire.encode_answer(QUESTION, addresses), 0x1234) == addresses


def test_an_answer_to_another_question_is_refused() -> None:
    with pytest.raises(ValueError, match="not the answer"):
        dnswire.decode_addresses(dnswire.encode_answer(QUESTION, ["203.0.113.80"]), 0x4321)


@given(st.binary(max_size=80))
def test_garbage_is_refused_not_crashed_on(data: bytes) -> None:
    for decode in (dnswire.decode_query, lambda got: dnswire.decode_addresses(got, 0)):
        try:
            decode(data)
        except ValueError:
            continue


@pytest.mark.parametrize("cut", range(len(QUESTION)))
def test_a_cut_question_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match=r"shorter|over the end|too long|cut"):
        dnswire.decode_query(QUESTION[:cut])


@pytest.mark.parametrize("name", ["x" * 64, ".".join(["x" * 63] * 5)])
def test_names_that_are_too_long(name: str) -> None:
    with pytest.raises(ValueError, match="more than"):
        dnswire.encode_name(name)
