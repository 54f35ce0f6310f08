"""When a host name is looked up again, and which of its addresses is chosen."""

import pytest

from nsguard.endpoints.named import Named

FRESH = Named("vpn.example", 1, keepalive=0, seconds=0, address="a", looked_up=100.0)


def test_silence_is_more_sent_than_keepalives_and_nothing_back() -> None:
    it = FRESH.seen(100, 5, 1000)
    assert (it.since, it.silences) == (100, 0)
    assert it.seen(130, 5, 1000) == it._replace(since=130)  # idle
    assert it.seen(130, 6, 9000).silences == 0  # heard
    assert it.seen(110, 5, 1148) == it  # too soon to tell
    silent = it.seen(130, 5, 1148)
    assert (silent.silences, silent.since) == (1, 130)
    assert silent.seen(160, 5, 1296).silences == 2
    assert silent.seen(160, 5, 1148).silences == 1  # nothing more was sent
    assert silent.seen(160, 9, 1296).silences == 0


def test_keepalives_alone_want_no_answer() -> None:
    it = FRESH._replace(keepalive=25).seen(100, 5, 1000)
    assert it.seen(130, 5, 1064).silences == 0
    assert it.seen(130, 5, 1065).silences == 1


def test_when_a_name_is_due() -> None:
    it = FRESH.seen(100, 5, 1000)
    assert not it.due(999, it)
    assert it._replace(address=None).due(101, it)
    assert it._replace(silences=1).due(101, it)
    assert not it._replace(silences=1).due(101, it._replace(silences=1))
    assert not it._replace(seconds=60).due(159, it)
    assert it._replace(seconds=60).due(160, it)


@pytest.mark.parametrize(
    ("present", "silences", "choice"),
    [(None, 0, "a"), ("a", 0, "a"), ("b", 0, "b"), ("a", 1, "a"), ("a", 2, "b"), ("b", 2, "a"), ("gone", 5, "a")],
)
def test_another_address_is_tried_when_one_stays_silent(present: str | None, silences: int, choice: str) -> None:
    assert FRESH._replace(address=present, silences=silences).choice(["a", "b"]) == choice
    assert FRESH._replace(address="a", silences=silences).choice(["a"]) == "a"


def test_where_the_peer_is_heard_from_is_taken_if_the_name_has_it() -> None:
    it = FRESH._replace(address="192.0.2.1")
    assert it.choice(["192.0.2.1", "2001:db8::1"], "[2001:db8::1]:1") == "2001:db8::1"
    assert it.choice(["192.0.2.1", "2001:db8::1"], "[2001:db8::1]:2") == "192.0.2.1"
    assert it.choice(["192.0.2.1", "2001:db8::1"], "203.0.113.9:1") == "192.0.2.1"


def test_a_new_address_has_its_own_time_to_answer() -> None:
    it = FRESH._replace(silences=2, since=90.0)
    assert it.at("a") == it
    assert it.at("b") == it._replace(address="b", silences=0, since=100.0)
