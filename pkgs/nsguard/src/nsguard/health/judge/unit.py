"""A confined unit as the judge reads it: its text, and what the plan wants of it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from nsguard.health.judge import text
from nsguard.health.judge.place import Places

_TRUE = ("true", "yes", "on", "1", "y", "t")
_ROOT = ("root", "0")


class Hole(NamedTuple):
    """What leaves a way out. directive: "Section.Key"; reason: one of the facts' `reasons`.

    protection: the one that is not in force, for the reason "lacking".
    """

    directive: str
    value: str
    reason: str
    protection: str = ""


def canonical(value: str) -> str:
    """A boolean's "yes" for each way to write it; other values as they are."""
    return "yes" if value in _TRUE else value


class Unit:
    """One service. facts: modules/plan/judge/facts.json; want: what modules/plan/judge/wanted.nix makes."""

    def __init__(self, facts: Mapping[str, Any], want: Mapping[str, Any], name: str, source: str) -> None:
        self.facts, self.want, self.name = facts, want, name
        self.places = Places(facts, name)
        self._directives = text.directives(source)
        self.root = self._is_root()
        self.ours = [entry.removeprefix("-") for entry in want["ours"]]
        self.granted = [
            self.places.resolved(entry.removeprefix("-").split(":")[0]) for entry in want["bindPaths"] + want["devices"]
        ]
        self.runtime = [
            self.places.resolved(f"/run/{word.split(':')[0]}") for word in self.spelt("Service.RuntimeDirectory")
        ]

    def raw(self, key: str) -> list[str]:
        """Every value, those that reset among them."""
        return self._directives.get(key, [])

    def values(self, key: str) -> list[str]:
        """What is left of a list."""
        return text.effective(self.raw(key))

    def setting(self, key: str) -> str:
        """What a setting with one value comes to; empty for its default."""
        return text.last(self.raw(f"Service.{key}"))

    def words(self, key: str) -> list[str]:
        """The words of a list."""
        return [word for value in self.values(key) for word in text.words(value)]

    def spelt(self, key: str) -> list[str]:
        """The same, by each way in which systemd may read an escape."""
        return [word for value in self.values(key) for word in (*text.words(value), *text.stripped(value))]

    def _is_root(self) -> bool:
        user = self.setting("User")
        dynamic = canonical(self.setting("DynamicUser")) == "yes"
        return (
            (user in _ROOT if user else not dynamic)
            or self.setting("Group") in _ROOT
            or any(word in _ROOT for value in self.raw("Service.SupplementaryGroups") for word in text.words(value))
        )
