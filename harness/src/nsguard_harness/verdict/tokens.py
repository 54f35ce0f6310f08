"""Tokens: the text by which an attack's packets are known, and every form in which it is searched for on a wire."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
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
        common = forms(_beginning(self.attacks) if self.attacks else "")
        each = [(token, forms(token)) for token in self.attacks]
        return [
            Search(_beginning(form.shapes), form.folded, [(token, forms[kind].shapes) for token, forms in each])
            for kind, form in enumerate(common)
        ]

    def find(self, data: bytes) -> tuple[str, ...]:
        """The tokens that `data` holds in clear."""
        lower = data.lower()
        found = {token for search in self._searches for token in search.within(lower if search.folded else data)}
        return tuple(token for token in self.attacks if token in found) if found else ()


class Search:
    """Looks for one form of all tokens at once, by what all of its shapes hold: nearly all frames hold none of them.

    start: what all shapes hold; folded: as in `Form`; shapes: those of each token.
    """

    def __init__(self, start: bytes, folded: bool, shapes: Iterable[tuple[str, Iterable[bytes]]]) -> None:
        self.folded, self._start = folded, start
        self._tokens: dict[bytes, list[str]] = {}
        for token, its in shapes:
            for shape in its:
                self._tokens.setdefault(shape, []).append(token)
        # where `start` is in a shape, and the shape's length
        self._places = {(shape.index(start), len(shape)) for shape in self._tokens}

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


def forms(text: str) -> list[Form]:
    """Every searched form of `text`, always in the same order."""
    plain = text.lower().encode()
    netbios = b"".join(bytes((0x61 + (c >> 4), 0x61 + (c & 15))) for c in plain.upper())
    utf16 = plain.decode().encode("utf-16-be")[1:]
    simple = [Form(frozenset({shape})) for shape in (plain, plain[::-1], plain.hex().encode(), utf16, netbios)]
    base32 = [Form(frozenset(map(bytes.lower, shapes))) for shapes in _aligned(plain, base64.b32encode, 5, 8)]
    base64_ = [Form(frozenset(shapes), folded=False) for shapes in _aligned(plain, base64.b64encode, 3, 4)]
    return simple + base32 + base64_


def _aligned(plain: bytes, encode: Callable[[bytes], bytes], group: int, characters: int) -> list[set[bytes]]:
    """An encoding at each offset in a group, without the characters that also depend on what stands before.

    group: bytes that become `characters` characters. The last character may hold some bits of what follows: it is
    listed with all their values, lest tokens differ in it alone.
    """
    bits, shapes = 8 * group // characters, []
    for offset in range(group):
        end = offset + len(plain)
        first, last = -(-offset * characters // group), -(-end * characters // group)
        free = last * bits - 8 * end
        tails = (bytes((value << (8 - free),)) * group for value in range(1 << free))
        shapes.append({encode(bytes(offset) + plain + tail)[first:last] for tail in tails})
    return shapes
