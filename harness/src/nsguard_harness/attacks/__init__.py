"""The attacks, one file per family of ways out, found by directory. The standard library only.

A class in any module here that has a `name` is an attack; modules whose name begins with `_` hold tools.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from ..attack import Attack


@cache
def registry() -> dict[str, type[Attack]]:
    """Every attack by name, in the order of the files and of their lines. Raises ValueError for a name used twice."""
    attacks: dict[str, type[Attack]] = {}
    for info in pkgutil.iter_modules(__path__):
        for attack in () if info.name.startswith("_") else of_module(info.name):
            if attack.name in attacks:
                raise ValueError(f"two attacks are named {attack.name}; rename one")
            attacks[attack.name] = attack
    return attacks


def of_module(name: str) -> list[type[Attack]]:
    """The attacks of one module here, in the order of its lines. Raises ImportError where there is none."""
    module = importlib.import_module(f"{__name__}.{name}")
    classes = [it for it in vars(module).values() if isinstance(it, type) and issubclass(it, Attack)]
    return [it for it in classes if it.__module__ == module.__name__ and "name" in vars(it)]


def module_of(name: str) -> str:
    """The module here that has an attack; empty where none has it."""
    attack = registry().get(name)
    return attack.__module__.rpartition(".")[2] if attack else ""


def find(name: str, module: str = "") -> type[Attack]:
    """The attack of that name, of a module or, without one, of all. Raises KeyError with the name."""
    return {attack.name: attack for attack in of_module(module)}[name] if module else registry()[name]
