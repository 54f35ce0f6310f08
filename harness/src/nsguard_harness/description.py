"""The description of an attack: its docstring, read as a record."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

from .attack import Attack

PARTS = ("Claim", "Method", "Limitations", "Source")


@dataclass(frozen=True)
class Description:
    """claim: what holds when the attack is contained; method; limitations: what it does not try; source."""

    claim: str
    method: str
    limitations: str
    source: str


def describe(attack: type[Attack]) -> Description:
    """Read an attack's docstring. Raises ValueError naming the first part that is missing or out of order."""
    text = inspect.cleandoc(attack.__doc__ or "") if "__doc__" in vars(attack) else ""
    parts = dict(zip(*[iter(re.split(rf"^({'|'.join(PARTS)}): ", text, flags=re.MULTILINE)[1:])] * 2, strict=True))
    for part in PARTS:
        if not parts.get(part, "").strip():
            raise ValueError(f"{attack.__module__}.{attack.__name__}: its docstring has no `{part}:`")
    return Description(*(" ".join(parts[part].split()) for part in PARTS))
