"""The archive that this host gets Debian's packages from: the lab's image is made from the same one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """One archive and one suite of it."""

    uri: str
    suite: str
    components: tuple[str, ...]


def parse_list(text: str) -> Iterator[Source]:
    """The binary archives of a one-line-style file (sources.list(5))."""
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if not words or words[0] != "deb":
            continue
        rest = words[1:]
        if rest and rest[0].startswith("["):
            end = next((number for number, word in enumerate(rest) if word.endswith("]")), len(rest))
            rest = rest[end + 1 :]
        if len(rest) >= 2:
            yield Source(rest[0], rest[1], tuple(rest[2:]))


def parse_sources(text: str) -> Iterator[Source]:
    """The binary archives of a deb822-style file (sources.list(5)), without those switched off."""
    for stanza in _stanzas(text):
        if "deb" not in stanza.get("types", "").split() or stanza.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        for uri in stanza.get("uris", "").split():
            for suite in stanza.get("suites", "").split():
                yield Source(uri, suite, tuple(stanza.get("components", "").split()))


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    stanza: dict[str, str] = {}
    key = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if stanza:
                yield stanza
            stanza, key = {}, ""
        elif line[0] in " \t":
            if key:
                stanza[key] += " " + line.strip()
        else:
            name, _, value = line.partition(":")
            key = name.strip().lower()
            stanza[key] = value.strip()


def os_release(root: Path = Path("/")) -> dict[str, str]:
    """The fields of os-release(5)."""
    for path in (root / "etc/os-release", root / "usr/lib/os-release"):
        if path.exists():
            pairs = (line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
            return {key: value.strip("\"'") for key, value in pairs}
    return {}


def debian_mirror(root: Path = Path("/")) -> str | None:
    """The archive that this Debian takes its own suite from; None on other systems, or when none is found."""
    release = os_release(root)
    if release.get("ID") != "debian":
        return None
    suites = {release.get("VERSION_CODENAME", ""), "stable", "testing", "unstable", "sid"} - {""}
    apt = root / "etc/apt"
    listed = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    for path in listed:
        if not path.is_file() or path.suffix not in (".list", ".sources"):
            continue
        parse = parse_list if path.suffix == ".list" else parse_sources
        for source in parse(path.read_text(errors="replace")):
            if source.suite in suites and "main" in source.components:
                return source.uri
    return None
