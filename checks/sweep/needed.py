"""Which modules of NixOS another one needs: with fewer of them an evaluation takes less than half of the time.

They are found by the words in a module's text, so some may be missed. A module that then does not evaluate is evaluated
again with all of NixOS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_NAMED = re.compile(r"(?<!systemd\.)(?<!user\.)\bservices\.([\w-]+)")
# Definitions of services whose names cannot be read from the text.
_UNREADABLE = re.compile(r'(?<![\w.-])(?:config\.)?services(?:\s*=|\.\$|\."\$)')
# Steps from a module to the modules that it names. Modules further away are used only if something enables them.
_DEPTH = 2


class Needed:
    """The entries of a tree's module-list.nix that a configuration of one service needs."""

    def __init__(self, tree: Path, declaring: dict[str, list[str]], elsewhere: Iterable[str]) -> None:
        """declaring: name below `services` -> files that declare it; elsewhere: those that declare other options."""
        root = tree / "nixos/modules"
        entries = re.findall(r"^  (\./\S+)$", (root / "module-list.nix").read_text(), re.MULTILINE)
        owner: dict[str, str] = {}
        self._text = {}
        for entry in entries:
            path = root / entry
            files = [path] if path.suffix == ".nix" else sorted(path.rglob("*.nix"))
            self._text[entry] = "\n".join(file.read_text() for file in files)
            for file in files if path.suffix == ".nix" else [path, *files]:
                if path.suffix == ".nix" or str(file) not in owner:
                    owner[str(file)] = entry
        self._owners = {name: {owner[file] for file in files if file in owner} for name, files in declaring.items()}
        self._readable = {name for name, files in declaring.items() if all(file in owner for file in files)}
        ours = {entry for owners in self._owners.values() for entry in owners}
        common = {entry for entry in entries if not entry.startswith("./services/") or entry not in ours}
        common |= {owner[file] for file in elsewhere if file in owner}
        self.common = sorted(common | self._named_by(common))

    def _named_by(self, entries: Iterable[str]) -> set[str]:
        names = {name for entry in entries for name in _NAMED.findall(self._text[entry])}
        return {owner for name in names for owner in self._owners.get(name, ())}

    def of(self, path: list[str]) -> list[str] | None:
        """The entries that a service needs besides those that all need; None if its text does not tell."""
        needed = set(self._owners.get(path[0], ()))
        if not needed or path[0] not in self._readable or any(_UNREADABLE.search(self._text[it]) for it in needed):
            return None
        for _ in range(_DEPTH):
            needed |= self._named_by(needed)
        return sorted(needed - set(self.common))
