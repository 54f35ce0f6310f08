"""Resolving paths of a unit: specifiers are replaced, double slashes and dots removed, known links followed."""

import re
from collections.abc import Iterable, Mapping

# Stands for a part of a path that is known only when the unit runs, and may be anything.
UNKNOWN = "*"


class UnitPaths:
    """Resolves the paths of one unit, with the links and specifiers in `facts`."""

    def __init__(self, facts: Mapping[str, Mapping[str, str]], unit: str) -> None:
        name, _, _ = unit.rpartition(".")
        prefix, _, instance = name.partition("@")
        own = {"%": "%", "n": unit, "N": name, "p": prefix, "i": instance or UNKNOWN, "j": prefix.rpartition("-")[2]}
        self._links = facts["links"]
        self._specifiers = {**facts["specifiers"], **own}

    def filled(self, path: str) -> str:
        """The path, with its specifiers replaced by their values."""
        return re.sub("%(.)", lambda match: self._specifiers.get(match[1], UNKNOWN), path)

    def resolved(self, path: str) -> str:
        """The absolute path to which a path leads."""
        path = _normal(self.filled(path))
        for _ in range(4):
            link = next((link for link in sorted(self._links) if within(path, link)), None)
            if link is None:
                break
            path = _normal(self._links[link] + path[len(link) :])
        return path


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def _known(path: str) -> str:
    return path.partition(UNKNOWN)[0]


def within(path: str, directory: str) -> bool:
    """Whether a path surely is `directory`, or lies below it."""
    return directory == "/" or path == directory or path.startswith(f"{directory}/")


def perhaps_within(path: str, directory: str) -> bool:
    """Whether a path is `directory` or below it, or may be, if a part of the path is not known."""
    return within(path, directory) or (UNKNOWN in path and f"{directory}/".startswith(_known(path)))


def perhaps_above(path: str, other: str) -> bool:
    """Whether `other` is the path or lies below it, or may, if a part of the path is not known."""
    return within(other, path) or (UNKNOWN in path and other.startswith(_known(path)))


def among(path: str, directories: Iterable[str]) -> bool:
    """Whether a path surely is one of the directories, or lies below one."""
    return any(within(path, it) for it in directories)


def perhaps_among(path: str, directories: Iterable[str]) -> bool:
    """Whether a path is or may be one of the directories, or below one."""
    return any(perhaps_within(path, it) for it in directories)
