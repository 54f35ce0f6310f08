"""`nsguard settle FILE`: stop units that a new configuration confines and that still run unconfined.

NixOS does not restart a changed socket, and only reloads, or ignores, some changed services. On the first switch to a
configuration that confines such a unit, it would stay in the host's network namespace. NixOS runs this command while
it activates the configuration, before systemd reads the new units; the switch then starts the stopped units again.
"""

import json
import os

from nsguard import paths
from nsguard.errors import BadInput
from nsguard.system import files, process, systemd

# Exists once systemd's manager runs, and so not yet while NixOS activates a configuration at boot (sd_booted(3)).
_MANAGER = "/run/systemd/system"
_RUNNING = ("active", "activating", "reloading", "refreshing")


def settle(path: str) -> None:
    """Stop each unit in the file at `path` that runs in another network namespace than the file names.

    The file is JSON, {unit: namespace}; a unit may be a template, such as web@.service. Raises `BadInput`, or
    `CommandFailed` if systemd does not say which units run. After that error, a unit may still run unconfined.
    """
    if not os.path.isdir(_MANAGER):
        return
    confined = _read(path)
    # A pattern finds the instances of a template, because systemctl(1) matches it against the loaded units.
    patterns = {unit.replace("@.", "@*."): unit for unit in confined}
    strays = [
        unit["Id"]
        for unit in systemd.query(patterns, ["ActiveState", "NetworkNamespacePath"])
        if unit.get("ActiveState") in _RUNNING
        and unit.get("NetworkNamespacePath", "") != f"{paths.NETNS}/{confined.get(_template(unit['Id'], confined), '')}"
    ]
    if strays:
        process.change("systemctl", "stop", "--", *strays)


def _template(unit: str, confined: dict[str, str]) -> str:
    """The name under which the file lists a unit: the unit's own, or that of its template."""
    name, _, kind = unit.rpartition(".")
    return unit if unit in confined else f"{name.partition('@')[0]}@.{kind}"


def _read(path: str) -> dict[str, str]:
    try:
        confined = json.loads(files.read(path))
        if all(isinstance(unit, str) and paths.valid_name(name) for unit, name in confined.items()):
            return dict(confined)
    except (ValueError, AttributeError, TypeError):
        pass
    raise BadInput(f"{path}: not a list of units with their namespaces; regenerate it with nixos-rebuild switch")
