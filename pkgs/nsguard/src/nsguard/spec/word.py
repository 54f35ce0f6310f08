"""Simple patterns without regular expressions, which take milliseconds to load and compile."""

DIGITS = "0123456789"
ALPHANUMERIC = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + DIGITS


class Word:
    """Tells whether a text begins with one of `first`, goes on with `later`, and is `most` characters long at most.

    `last`: with which characters it ends; by default any of `later`. `suffix`: follows that, and is not counted.
    """

    def __init__(self, first: str, later: str, most: int, *, last: str = "", suffix: str = "") -> None:
        self._first, self._later, self._most = first, later, most
        self._last, self._suffix = last or later, suffix

    def __call__(self, text: str) -> bool:
        stem = text.removesuffix(self._suffix)
        return (
            text.endswith(self._suffix)
            and 0 < len(stem) <= self._most
            and stem[0] in self._first
            and stem[-1] in (self._last if stem[1:] else self._first)
            and all(character in self._later for character in stem[1:])
        )
