"""The namespaces of this machine, and the message for a name that is not one of them."""

import contextlib
import os

from nsguard import paths
from nsguard.errors import nearest


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
    what = f"{name if paths.valid_name(name) else ascii(name)}: no such namespace{nearest(name, names)}"
    return f"{what}; known: {', '.join(sorted(names))}" if names else f"{what}; none is defined"
