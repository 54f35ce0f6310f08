"""A confined unit as the judge reads it: its text, and what the plan requires of it."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from nsguard.health.judge import paths, text
from nsguard.health.judge.paths import UnitPaths

_TRUE = ("true", "yes", "on", "1", "y", "t")
_FALSE = ("false", "no", "off", "0", "n", "f")
_ROOT = ("root", "0")


class Hole(NamedTuple):
    """A setting that leaves a way out. directive: "Section.Key"; reason: one of the facts' `reasons`.

    protection: for the reason "lacking", the protection that is not in force.
    """

    directive: str
    value: str
    reason: str
    protection: str = ""


def canonical(value: str) -> str:
    """ "yes" for every spelling of true, "no" for every one of false; other values unchanged."""
    return "yes" if value in _TRUE else "no" if value in _FALSE else value


def _spelt(values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (*text.words(value), *text.stripped(value))]


class Unit:
    """One service. facts: modules/plan/judge/facts.json; want: the output of modules/plan/judge/wanted.nix."""

    def __init__(self, facts: Mapping[str, Any], want: Mapping[str, Any], name: str, source: str) -> None:
        self.facts, self.want, self.name = facts, want, name
        self.paths = UnitPaths(facts, name)
        self._directives = text.directives(source)
        self.root = self._is_root()
        self.ours = [entry.removeprefix("-") for entry in want["ours"]]
        self.granted = [
            self.paths.resolved(entry.removeprefix("-").split(":")[0]) for entry in want["bindPaths"] + want["devices"]
        ]
        self.runtime = self._made("RuntimeDirectory")
        self.configuration = self._made("ConfigurationDirectory")

    def raw(self, key: str) -> list[str]:
        """All values of a directive, including the empty ones that reset it."""
        return self._directives.get(key, [])

    def values(self, key: str) -> list[str]:
        """The values of a list after its last reset."""
        return text.effective(self.raw(key))

    def setting(self, key: str) -> str:
        """The value of a setting that takes one value; empty if it has its default."""
        return text.last(self.raw(f"Service.{key}"))

    def words(self, key: str) -> list[str]:
        """The words of a list."""
        return [word for value in self.values(key) for word in text.words(value)]

    def spelt(self, key: str) -> list[str]:
        """The words of a list, in each way in which systemd may read their escapes."""
        return _spelt(self.values(key))

    def named(self, key: str) -> list[str]:
        """The same for a list of units, from which an empty value removes nothing."""
        return _spelt(self.raw(key))

    def _made(self, key: str) -> list[str]:
        """The paths of the directories that systemd makes for the unit, without links to them or their parent."""
        parent = self.facts["directories"][key]
        made = (self.paths.resolved(f"{parent}/{word.split(':')[0]}") for word in self.spelt(f"Service.{key}"))
        return [path for path in made if path != parent and paths.within(path, parent)]

    def _is_root(self) -> bool:
        user = self.setting("User")
        dynamic = canonical(self.setting("DynamicUser")) == "yes"
        return (
            (user in _ROOT if user else not dynamic)
            or self.setting("Group") in _ROOT
            or any(word in _ROOT for value in self.raw("Service.SupplementaryGroups") for word in text.words(value))
        )
