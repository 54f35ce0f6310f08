"""NixOS itself as the client of a container lab.

NSGUARD_NIXPKGS     a tree with nixpkgs' lib/ and nixos/ side by side
NSGUARD_NIXOS_LAB   a command: `COMMAND build MODULE.nix` builds the closure of a system and prints its path
NSGUARD_NIXOS_IMAGE the file system tree that such a closure boots on
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import nixos_client
from nsguard_harness.target import wait_for_tunnel

NEEDED = ("NSGUARD_NIXPKGS", "NSGUARD_NIXOS_LAB", "NSGUARD_NIXOS_IMAGE")
MISSING = [name for name in NEEDED if not os.environ.get(name)]
NIXOS = Path(__file__).parent / "nixos"

needs_nixos = pytest.mark.skipif(
    bool(MISSING),
    reason=f"{', '.join(MISSING)} not set: nothing is shown on NixOS itself",
)


def closure(module: Path) -> Path:
    """The closure of the system that a module describes; fails the test with Nix's own message."""
    command = [*shlex.split(os.environ["NSGUARD_NIXOS_LAB"]), "build", str(module)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return Path(done.stdout.split()[-1])


def closure_of(expression: str) -> Path:
    """The same of a module that is an expression, in which paths are absolute."""
    with tempfile.TemporaryDirectory() as directory:
        module = Path(directory, "module.nix")
        module.write_text(expression)
        return closure(module)


@contextmanager
def booted(system: Path, kind: type[ContainerLab] = ContainerLab) -> Iterator[ContainerLab]:
    """A lab of a kind, whose client is that system."""
    with kind(client=nixos_client(system, Path(os.environ["NSGUARD_NIXOS_IMAGE"]))) as lab:
        yield lab


@contextmanager
def connected(system: Path) -> Iterator[ContainerLab]:
    """The same, once the tunnel is through."""
    with booted(system) as lab:
        wait_for_tunnel(lab)
        yield lab
