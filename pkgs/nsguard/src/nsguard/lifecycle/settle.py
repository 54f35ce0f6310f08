"""`nsguard settle FILE`: end what a new configuration confines and what still runs by the old one.

NixOS leaves a changed socket as it is, and reloads or leaves alone some changed services: the first switch to a
configuration that confines them would leave them in the host's network namespace. NixOS runs this while it activates a
configuration, before systemd reads the new units; what is stopped here, the switch starts again.
"""

import json
import os

from nsguard import paths
from nsguard.errors import BadInput
from nsguard.system import files, process, systemd

# Where systemd's manager is at work, and so not while a machine boots (sd_booted(3)).
_MANAGER = "/run/systemd/system"
_RUNNING = ("active", "activating", "reloading", "refreshing")


def settle(path: str) -> None:
    """Stop each unit of the file at `path` that systemd has started in another network namespace than the file says.

    The file is JSON, {unit: namespace}; a unit may be a template, such as web@.service. Raises `BadInput` or
    `CommandFailed`.
    """
    if not os.path.isdir(_MANAGER):
        return
    confined = _read(path)
    # A template's instances are asked for by a pattern, which systemctl(1) compares with what is loaded.
    patterns = {unit.replace("@.", "@*."): unit for unit in confined}
    strays = [
        it["Id"]
        for it in systemd.show(patterns, ["ActiveState", "NetworkNamespacePath"])
        if it.get("ActiveState") in _RUNNING
        and it.get("NetworkNamespacePath", "") != f"{paths.NETNS}/{confined.get(_template(it['Id'], confined), '')}"
    ]
    if strays:
        process.change("systemctl", "stop", "--", *strays)


def _template(unit: str, confined: dict[str, str]) -> str:
    """The name that a unit has in the file: its own, or its template's."""
    name, _, kind = unit.rpartition(".")
    return unit if unit in confined else f"{name.partition('@')[0]}@.{kind}"


def _read(path: str) -> dict[str, str]:
    try:
        confined = json.loads(files.read(path))
        if all(isinstance(unit, str) and paths.valid_name(name) for unit, name in confined.items()):
            return dict(confined)
    except (ValueError, AttributeError, TypeError):
        pass
    raise BadInput(f"{path}: is not a list of units with their namespaces; regenerate it with nixos-rebuild switch")
