"""Checks of words without regular expressions, compared with the expressions that they replace."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nsguard.lifecycle import confext
from nsguard.spec import spec, values

TEXTS = st.text(st.sampled_from("aZz09_-./:@\\ é\n%x"), max_size=20)
PAIRS = [
    (spec._LINK, r"[A-Za-z0-9][A-Za-z0-9_-]{0,14}\Z"),
    (spec._UNIT, r"[A-Za-z0-9:_.@\\-]{1,247}\.service\Z"),
    (spec._SOCKET_UNIT, r"[A-Za-z0-9:_.@\\-]{1,248}\.socket\Z"),
    (spec._FILE, r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}\Z"),
    (spec._is_mark, r"0x0*[1-9a-f][0-9a-f]{0,7}\Z"),
    (spec._is_sysctl, r"net(\.[A-Za-z0-9_/-]+)+\Z"),
    (values._LABEL, r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\Z"),
    (values._NUMBER, r"[0-9]{1,10}\Z"),
    (confext._HOST_NAME, r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\Z"),
]


@pytest.mark.parametrize(("accepts", "pattern"), PAIRS)
@given(text=TEXTS)
@example("")
@example("a-")
@example("a" * 64)
@example(".service")
@example("a.service")
@example("a.service.service")
@example("a" * 248 + ".service")
@example("a" * 248 + ".socket")
@example("0x0")
@example("0x00f0")
@example("0x0x1")
@example("0x123456789")
@example("net")
@example("net.")
@example("net.ipv4..x")
@example("net.ipv4.conf/x")
@example("1\n")
@example("٣")
def test_it_accepts_what_the_expression_matches(accepts: object, pattern: str, text: str) -> None:
    assert callable(accepts)
    assert accepts(text) == bool(re.match(pattern, text))


@given(st.text(st.sampled_from("0fF:./ é"), max_size=12))
@example("0/")
@example("0/0000")
@example("0/0/0")
@example("/0")
def test_an_address_has_a_prefix_or_none(text: str) -> None:
    try:
        values._cidr(text)
        accepted = True
    except ValueError:
        accepted = False
    assert accepted == bool(re.match(r"[0-9A-Fa-f:.]+(/[0-9]{1,3})?\Z", text))
