"""A value of a JSON document, read strictly: each error names the place of the value."""

from __future__ import annotations

from nsguard.spec import values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")


class Field:
    """A JSON value with its place, for messages. Every reader raises ValueError, which names the place."""

    def __init__(self, value: Any, at: str) -> None:
        self.value, self.at = value, at

    def wrong(self, what: str) -> ValueError:
        """The error to raise: the place of the value, then `what` is wrong with it."""
        return ValueError(f"{self.at}: {what}")

    def object(self, *keys: str) -> dict[str, Field]:
        """Its fields by name; it must have exactly these."""
        mapping = self._typed(dict, "an object")
        at = f"{self.at}." if self.at != "spec" else ""
        for key in keys:
            if key not in mapping:
                raise ValueError(f"{at}{key}: missing")
        for key in mapping:
            if key not in keys:
                raise ValueError(f"{at}{key[:40]!a}: unknown field")
        return {key: Field(mapping[key], f"{at}{key}") for key in keys}

    def items(self) -> list[Field]:
        """The items of a list."""
        return [Field(item, f"{self.at}[{i}]") for i, item in enumerate(self._typed(list, "a list"))]

    def texts(self, key: Callable[[str], bool]) -> dict[str, str]:
        """An object whose keys `key` accepts and whose values are strings."""
        mapping = self._typed(dict, "an object")
        for name in mapping:
            if not key(name):
                raise self.wrong(f"{values.shown(name)} is not allowed here")
        return {name: Field(text, f"{self.at}.{name}").text() for name, text in mapping.items()}

    def text(self) -> str:
        """A string."""
        return str(self._typed(str, "a string"))

    def flag(self) -> bool:
        """True or false."""
        return bool(self._typed(bool, "true or false"))

    def number(self, parse: Callable[[str], int]) -> int:
        """A number that `parse` accepts, which is given its decimal digits."""
        return self._parsed(parse, str(self._typed(int, "a number")))

    def matching(self, accepted: Callable[[str], bool], what: str) -> str:
        """A string that is `accepted`; `what` describes such a string in the error."""
        text = self.text()
        if not accepted(text):
            raise self.wrong(f"{values.shown(text)} is not {what}")
        return text

    def one_of(self, *known: str) -> str:
        """One of the `known` strings."""
        text = self.text()
        if text not in known:
            raise self.wrong(f"{values.shown(text)} is none of {', '.join(known)}")
        return text

    def path(self) -> str:
        """An absolute path."""
        text = self.text()
        if not text.startswith("/"):
            raise self.wrong(f"{values.shown(text)} is not an absolute path")
        return text

    def parsed(self, parse: Callable[[str], T]) -> T:
        """The result of `parse` for a string; its ValueError gets the place of the value."""
        return self._parsed(parse, self.text())

    def _parsed(self, parse: Callable[[str], T], text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise self.wrong(str(error)) from None

    def many(self, parse: Callable[[str], T]) -> tuple[T, ...]:
        """A list of strings, each read by `parse`."""
        return tuple(item.parsed(parse) for item in self.items())

    def maybe(self, read: Callable[[Field], T]) -> T | None:
        """The result of `read`, or None for null."""
        return None if self.value is None else read(self)

    def _typed(self, kind: type, what: str) -> Any:
        if type(self.value) is not kind:
            raise self.wrong(f"not {what}")
        return self.value
