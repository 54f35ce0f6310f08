"""Where a path of a unit leads: specifiers filled in, doubled slashes and dots taken out, known links followed."""

import re
from collections.abc import Iterable, Mapping

# What only the running unit knows: anything may stand there.
UNKNOWN = "*"


class Places:
    """Paths of one unit, by the links and specifiers of `facts`."""

    def __init__(self, facts: Mapping[str, Mapping[str, str]], unit: str) -> None:
        name, _, _ = unit.rpartition(".")
        prefix, _, instance = name.partition("@")
        own = {"%": "%", "n": unit, "N": name, "p": prefix, "i": instance or UNKNOWN, "j": prefix}
        self._links = facts["links"]
        self._specifiers = {**facts["specifiers"], **own}

    def filled(self, path: str) -> str:
        """With each specifier's value."""
        return re.sub("%(.)", lambda match: self._specifiers.get(match[1], UNKNOWN), path)

    def resolved(self, path: str) -> str:
        """Where it leads, always absolute."""
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
    """Whether a path is another, or surely lies below it."""
    return directory == "/" or path == directory or path.startswith(f"{directory}/")


def perhaps_within(path: str, directory: str) -> bool:
    """The same of a path that is not known in full: it is wherever it may be."""
    return within(path, directory) or (UNKNOWN in path and f"{directory}/".startswith(_known(path)))


def perhaps_above(path: str, other: str) -> bool:
    """Whether another lies in a path, or is it; of one that is not known in full, whether it may."""
    return within(other, path) or (UNKNOWN in path and other.startswith(_known(path)))


def among(path: str, directories: Iterable[str]) -> bool:
    """Whether it surely is or lies below one of them."""
    return any(within(path, it) for it in directories)


def perhaps_among(path: str, directories: Iterable[str]) -> bool:
    """Whether it may."""
    return any(perhaps_within(path, it) for it in directories)
