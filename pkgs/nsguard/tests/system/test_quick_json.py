"""JSON without the json package, compared with it: the same values, the same text, the same errors."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsguard.system import quick_json

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(VALUES)
def test_written_and_read_as_json_does(value: object) -> None:
    assert quick_json.dumps(value) == json.dumps(value, indent=1)
    assert quick_json.loads(json.dumps(value)) == value


@given(st.text(st.sampled_from('{}[]",:0.eEtruefalsn NaI-\\u\t\n\x00')))
def test_what_is_wrong_is_so_for_both(text: str) -> None:
    try:
        expected, error = json.loads(text), ""
    except ValueError as found:
        expected, error = None, str(found)
    if error:
        with pytest.raises(ValueError) as raised:  # noqa: PT011 (its text is compared)
            quick_json.loads(text)
        assert str(raised.value) == error
    else:
        assert str(quick_json.loads(text)) == str(expected)  # NaN is not equal to itself


def test_a_tuple_is_a_list_and_another_object_is_refused() -> None:
    assert quick_json.dumps({"a": (1, ("b",), ())}) == json.dumps({"a": [1, ["b"], []]}, indent=1)
    with pytest.raises(TypeError, match="set"):
        quick_json.dumps({"a": {1}})


def test_what_is_too_deep_is_an_error_and_no_crash() -> None:
    with pytest.raises(RecursionError):
        quick_json.loads("[" * 100_000)
