"""The kinds of labs, by the names that commands take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .system import System
    from .wired import WiredLab

# Kind → the suite of Debian's that the client runs.
KINDS = {"container": "trixie", "container-sid": "sid", "vm": "trixie", "vm-sid": "sid"}


def make(kind: str, captures: Path | None = None, client: System | None = None) -> WiredLab:
    """A lab of that kind, which is up within its `with`; captures and client as in `VmLab`."""
    suite = KINDS[kind]
    if kind.startswith("container"):
        from .container import ContainerLab
        from .debian import debian_client
        from .image import Recipe, image

        return ContainerLab(client or debian_client(image(Recipe(suite))), captures)
    from .vmlab import VmLab

    return VmLab(suite, captures, client)
