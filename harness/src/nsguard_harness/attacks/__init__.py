"""The attacks, one file per family of ways out, found by directory. The standard library only.

A class in any module here that has a `name` is an attack; modules whose name begins with `_` hold tools.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache

from ..attack import Attack


@cache
def registry() -> dict[str, type[Attack]]:
    """Every attack by name, in the order of the files and of their lines. Raises ValueError for a name used twice."""
    attacks: dict[str, type[Attack]] = {}
    for info in pkgutil.iter_modules(__path__):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{__name__}.{info.name}")
        for attack in vars(module).values():
            if not inspect.isclass(attack) or not issubclass(attack, Attack) or attack.__module__ != module.__name__:
                continue
            if "name" not in vars(attack):
                continue
            if attack.name in attacks:
                raise ValueError(f"two attacks are named {attack.name}; rename one")
            attacks[attack.name] = attack
    return attacks


def find(name: str) -> type[Attack]:
    """The attack of that name. Raises KeyError with the name."""
    return registry()[name]
