"""The search for all tokens at once finds what a search for each shape of each token finds."""

from __future__ import annotations

import base64
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from nsguard_harness.verdict import tokens as searched
from nsguard_harness.verdict.tokens import Tokens

OF_A_RUN = [f"ngq7k2x{number:04d}" for number in range(12)]
WITHOUT_COMMON = ["abcdef", "ngq7k2x", "ngq7k2x1", "zz"]
WAYS: list[Callable[[bytes], bytes]] = [
    bytes,
    bytes.upper,
    lambda it: it[::-1],
    lambda it: it.hex().encode(),
    lambda it: it.decode().encode("utf-16-be"),
    base64.b64encode,
    base64.b32encode,
]


def searched_one_by_one(tokens: list[str], data: bytes) -> tuple[str, ...]:
    lower = data.lower()
    return tuple(
        token
        for token in tokens
        if any(
            shape in (lower if form.folded else data)
            for form in (encode(token) for encode in searched.ENCODINGS)
            for shape in form.shapes
        )
    )


@given(
    st.sampled_from([OF_A_RUN, OF_A_RUN[:1], WITHOUT_COMMON, []]),
    st.lists(
        st.tuples(
            st.sampled_from(OF_A_RUN + WITHOUT_COMMON), st.integers(0, 12), st.binary(max_size=5), st.sampled_from(WAYS)
        ),
        max_size=4,
    ),
)
def test_tokens_are_found_as_one_by_one(
    tokens: list[str], parts: list[tuple[str, int, bytes, Callable[[bytes], bytes]]]
) -> None:
    """Also tokens that are cut off, stand side by side, or are encoded together with the bytes before them."""
    data = b"".join(way(b"x" * len(before) + token.encode()[:length]) + before for token, length, before, way in parts)
    assert Tokens(dict.fromkeys(tokens, "")).find(data) == searched_one_by_one(tokens, data)
