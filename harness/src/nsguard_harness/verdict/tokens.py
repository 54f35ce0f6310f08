"""Tokens: the text by which an attack's packets are known, and every form in which it is searched for on a wire."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

Text = TypeVar("Text", str, bytes)


class Tokens:
    """The tokens of a run, each with the name of the attack that carries it.

    Forms searched: plain (so also as a DNS label), reversed, hexadecimal, UTF-16, NetBIOS' first-level encoding
    (RFC 1001 §14.1), base32 and base64 at each alignment. A token cut in two by segmentation is not found; the judge's
    default-deny still condemns both halves.
    """

    def __init__(self, attacks: Mapping[str, str]) -> None:
        self.attacks = dict(attacks)

    @cached_property
    def _searches(self) -> list[Search]:
        return [Search(encode, list(self.attacks)) for encode in ENCODINGS]

    def find(self, data: bytes) -> tuple[str, ...]:
        """The tokens that `data` holds in clear."""
        lower = data.lower()
        found = {token for search in self._searches for token in search.within(lower if search.folded else data)}
        return tuple(token for token in self.attacks if token in found) if found else ()


# Bytes of what was searched before that are searched again with what comes next: more than a token has in any form.
OVERLAP = 4096


class Sought:
    """The tokens in data that comes bit by bit: those found so far, and how many bytes were searched."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens, self._last = tokens, b""
        self.found: frozenset[str] = frozenset()
        self.size = 0

    def add(self, new: bytes) -> None:
        """Search what has come since."""
        text = self._last + new
        self.found |= frozenset(self._tokens.find(text))
        self._last, self.size = text[-OVERLAP:], self.size + len(new)


class Search:
    """Looks for one form of all tokens at once, by what all of its shapes hold: nearly all frames hold none of them.

    encode: gives a text's form. The shapes of each token are made only once a text holds what all of them hold.
    """

    def __init__(self, encode: Callable[[str], Form], tokens: Sequence[str]) -> None:
        common = encode(_beginning(tokens) if tokens else "")
        self.folded, self._start = common.folded, _beginning(common.shapes)
        self._encode, self._tokens_list = encode, tokens

    @cached_property
    def _tokens(self) -> Mapping[bytes, Sequence[str]]:
        """The tokens by their shapes."""
        by_shape: dict[bytes, list[str]] = {}
        for token in self._tokens_list:
            for shape in self._encode(token).shapes:
                by_shape.setdefault(shape, []).append(token)
        return by_shape

    @cached_property
    def _places(self) -> set[tuple[int, int]]:
        """Where `start` is in a shape, and the shape's length."""
        return {(shape.index(self._start), len(shape)) for shape in self._tokens}

    def within(self, text: bytes) -> Iterator[str]:
        """The tokens of the shapes that a text holds, each as often as it does, or more often."""
        if not self._start:
            yield from (token for shape, tokens in self._tokens.items() if shape in text for token in tokens)
            return
        at = text.find(self._start)
        while at >= 0:
            for before, length in self._places:
                yield from self._tokens.get(text[max(0, at - before) : at - before + length], ())
            at = text.find(self._start, at + 1)


def _beginning(texts: Collection[Text]) -> Text:
    """What all of some texts begin with."""
    first, last = min(texts), max(texts)
    same = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:same]


@dataclass(frozen=True)
class Form:
    """One way to write a text. folded: looked for without regard to case, and then in lower case."""

    shapes: frozenset[bytes]
    folded: bool = True


def _simple(shape: Callable[[bytes], bytes]) -> Callable[[str], Form]:
    return lambda text: Form(frozenset({shape(_plain(text))}))


def _based(encode: Callable[[bytes], bytes], group: int, characters: int, offset: int) -> Callable[[str], Form]:
    """The form by an encoding at an offset in a group; base32 is looked for without regard to case."""
    folded = encode is base64.b32encode

    def form(text: str) -> Form:
        shapes = _aligned(_plain(text), encode, group, characters, offset)
        return Form(frozenset(map(bytes.lower, shapes) if folded else shapes), folded)

    return form


def _plain(text: str) -> bytes:
    return text.lower().encode()


def _netbios(plain: bytes) -> bytes:
    return b"".join(bytes((0x61 + (c >> 4), 0x61 + (c & 15))) for c in plain.upper())


# From a text to its form, for every form that is searched.
ENCODINGS: tuple[Callable[[str], Form], ...] = (
    _simple(bytes),
    _simple(lambda plain: plain[::-1]),
    _simple(lambda plain: plain.hex().encode()),
    _simple(lambda plain: plain.decode().encode("utf-16-be")[1:]),
    _simple(_netbios),
    *(_based(base64.b32encode, 5, 8, offset) for offset in range(5)),
    *(_based(base64.b64encode, 3, 4, offset) for offset in range(3)),
)


def _aligned(plain: bytes, encode: Callable[[bytes], bytes], group: int, characters: int, offset: int) -> set[bytes]:
    """An encoding at an offset in a group, without the characters that also depend on what stands before.

    group: bytes that become `characters` characters. The last character may hold some bits of what follows: it is
    listed with all their values, lest tokens differ in it alone.
    """
    bits, end = 8 * group // characters, offset + len(plain)
    first, last = -(-offset * characters // group), -(-end * characters // group)
    free = last * bits - 8 * end
    tails = (bytes((value << (8 - free),)) * group for value in range(1 << free))
    return {encode(bytes(offset) + plain + tail)[first:last] for tail in tails}
