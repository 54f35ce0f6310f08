"""What a machine of a lab boots."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .bytecode import compiled


@dataclass(frozen=True)
class System:
    """What a machine boots.

    image: the tree below its overlay; init: None for the image's own systemd, or the program that starts the system,
    such as a NixOS closure's `init`, for which the unit directories of the image are hidden.
    binds: host path → path in the machine, read-only.
    Laid on its disk before the first boot: trees (host path → path, directories or files), files (path → text),
    secrets (the same, readable by root alone), links (path → target; a unit linked to /dev/null is masked).
    """

    image: Path
    init: str | None = None
    binds: Mapping[Path, str] = field(default_factory=dict)
    trees: Mapping[Path, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    def lay_out(self, root: Path) -> None:
        """Lay trees, files, secrets and links below a directory."""
        for source, target in self.trees.items():
            if source.is_dir():
                shutil.copytree(compiled(source, target, self.image), _path(root, target), dirs_exist_ok=True)
            else:
                shutil.copy(source, _path(root, target))
        for name, text in self.files.items():
            _path(root, name).write_text(text)
        for name, text in self.secrets.items():
            path = _path(root, name)
            path.touch(mode=0o600)
            path.write_text(text)
        for name, target in self.links.items():
            _path(root, name).symlink_to(target)


def _path(root: Path, name: str) -> Path:
    path = root / name.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
