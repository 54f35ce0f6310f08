"""Service modules of nixpkgs, confined: a sample, and those that bound, opened or read back what leads out.

`make sweep` takes all of them, which needs half an hour of a processor.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from nix import needs_nixpkgs

sys.path.insert(0, str(Path(__file__).parent / "sweep"))

from sweep import Module, lines_of, swept

# Of each kind that had a hole, recursed, or was refused for no reason.
TELLING = {
    "bazarr": ("clean",),  # whose user's home is read from the confined service
    "biboumi": ("refused",),
    "borgbackup": ("cannot work",),
    "cryptpad": ("clean",),
    "freeciv": ("clean",),
    "jellyfin": ("clean",),
    "metricbeat": ("clean",),
    "minecraft-server": ("cannot work",),
    "redis": ("refused",),
    "sing-box": ("refused",),
    "sslh": ("refused",),
    "transmission": ("refused",),
}


def test_the_line_that_a_message_says_is_read_whole() -> None:
    settings = 'systemd.services.d.serviceConfig = { RuntimeDirectory = "d"; PIDFile = lib.mkForce "/run/d/d.pid"; };'
    switch = "systemd.services.d.nsguard.hardening.hiddenProcesses = false;"
    messages = [
        f"systemd.services.d.serviceConfig.PIDFile: it is hidden; write {settings}",
        f"systemd.services.d.serviceConfig.Type: it does not work; set {switch}",
    ]
    assert lines_of(messages) == (settings, switch)


@pytest.fixture(scope="module")
def modules() -> dict[str, Module]:
    return {it.name: it for it in swept([[name] for name in TELLING])}


@needs_nixpkgs
def test_no_module_has_a_hole_or_ends_the_evaluation(modules: dict[str, Module]) -> None:
    assert [it for it in modules.values() if it.kind in ("hole", "crash")] == []


@needs_nixpkgs
@pytest.mark.parametrize("name", TELLING)
def test_a_module_is_what_it_was(name: str, modules: dict[str, Module]) -> None:
    assert modules[name].kind in TELLING[name], modules[name].said
