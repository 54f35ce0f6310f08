"""The errors of nsguard. Each message is one line: where it happened, what is wrong, and how to fix it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class NsguardError(Exception):
    """A step failed; the steps before it are undone."""

    status = 1


class BadInput(NsguardError):
    """A request or a configuration file is wrong; nothing was changed."""

    status = 2


class Stopped(NsguardError):
    """A signal stopped the command."""


def nearest(word: str, known: Iterable[str]) -> str:
    """ " (did you mean NAME?)" for the nearest of `known` to a misspelt word; empty if none is near."""
    import difflib  # imported here because only an error needs it

    near = difflib.get_close_matches(word, sorted(known), 1)
    return f" (did you mean {near[0]}?)" if near else ""
