"""The kinds of labs, by the names that commands take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .system import System
    from .wired import WiredLab

# Kind → the suite of Debian's that a virtual client runs; a container runs none of its own.
KINDS = {"container": "", "vm": "trixie", "vm-sid": "sid"}


def make(kind: str, captures: Path | None = None, client: System | None = None) -> WiredLab:
    """A lab of that kind, which is up within its `with`; captures and client as in `VmLab`."""
    if kind == "container":
        from .container import ContainerLab

        return ContainerLab(client, captures)
    from .vmlab import VmLab

    return VmLab(KINDS[kind], captures, client)
