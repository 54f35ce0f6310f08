"""Records, compared with typing's NamedTuple."""

from __future__ import annotations

import typing

import pytest

from nsguard.system import record


class Place(record.NamedTuple):
    """A name and a port."""

    host: str
    port: int = 51820

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def local(self) -> bool:
        """Whether it is this machine."""
        return self.host == "localhost"


class Typed(typing.NamedTuple):
    """A name and a port."""

    host: str
    port: int = 51820


def test_fields_defaults_and_methods() -> None:
    place = Place("localhost")
    assert place == ("localhost", 51820)
    assert isinstance(place, tuple)
    assert str(place) == "localhost:51820"
    assert place.local
    assert place._replace(port=1) == Place(host="localhost", port=1)
    assert repr(place) == "Place(host='localhost', port=51820)"


def test_it_is_as_typing_makes_it() -> None:
    for attribute in ("_fields", "_field_defaults", "__doc__", "__module__", "__match_args__"):
        assert getattr(Place, attribute) == getattr(Typed, attribute)
    assert Place.__mro__[1:] == Typed.__mro__[1:]


def test_fields_do_not_change() -> None:
    with pytest.raises(AttributeError):
        Place("localhost").port = 1  # type: ignore[misc]
    with pytest.raises(AttributeError):
        Place("localhost").other = 1  # type: ignore[attr-defined]


def test_too_few_values_are_refused() -> None:
    with pytest.raises(TypeError):
        Place()  # type: ignore[call-arg]


def test_a_default_comes_after_what_has_none() -> None:
    with pytest.raises(TypeError, match="without a default"):

        class Wrong(record.NamedTuple):
            host: str = ""
            port: int  # type: ignore[misc]
