"""The namespaces of this machine, and messages about one that does not exist, or that its user may not use."""

from __future__ import annotations

import contextlib
import os

from nsguard import paths
from nsguard.errors import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def namespaces() -> set[str]:
    """The names of the namespaces that are configured or up; only root sees those that are up and not configured."""
    names: set[str] = set()
    for directory in (paths.ETC, paths.RUN):
        with contextlib.suppress(OSError):
            names.update(name for name in os.listdir(directory) if paths.valid_name(name))
    return names


def unknown(name: str) -> str:
    """The message for a name that is not in `namespaces()`."""
    names = namespaces()
    what = f"{name if paths.valid_name(name) else ascii(name)}: no such namespace"
    if len(names) > 1:
        return f"{what}{nearest(name, names)}; known: {', '.join(sorted(names))}"
    return f"{what}; the only one is {names.pop()}" if names else f"{what}; none is defined"


def let_in(names: Sequence[str]) -> str:
    """The remedy for a user who may use none of the namespaces `names`, of which there is at least one."""
    whose, of = (names[0], "") if len(names) == 1 else ("<name>", f" of {' or '.join(names)}")
    return f"ask an administrator to add you to nsguard.namespaces.{whose}.users{of}, then log in again"
