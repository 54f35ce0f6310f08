"""What can go wrong. Each message is one line: where, what; how to mend it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class NsguardError(Exception):
    """Something failed while it was done; what had been done is undone."""

    status = 1


class BadInput(NsguardError):
    """What was asked for, or a file that says so, is wrong; nothing was changed."""

    status = 2


class Stopped(NsguardError):
    """A signal asked us to stop."""


def nearest(word: str, known: Iterable[str]) -> str:
    """ ", did you mean NAME?" for the nearest of `known` to a misspelt word; empty if none is near."""
    import difflib  # only an error pays for it

    near = difflib.get_close_matches(word, sorted(known), 1)
    return f", did you mean {near[0]}?" if near else ""
