"""Sysctls of a namespace."""

import pytest

from nsguard.net import settings

PING = {"net.ipv4.ping_group_range": "0 2147483647"}


@pytest.mark.parametrize(("mapped", "count"), [(4294967295, 1), (65536, 0)])
def test_a_range_of_groups_that_do_not_all_exist_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, mapped: int, count: int
) -> None:
    """A container has 65536 groups, and its kernel refuses the range."""
    monkeypatch.setattr(settings, "_is_group", lambda number: number < mapped)
    assert len(list(settings.each(PING))) == count
