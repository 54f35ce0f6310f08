"""NixOS itself as the client of a container lab.

NSGUARD_NIXPKGS     a tree with nixpkgs' lib/ and nixos/ side by side
NSGUARD_NIXOS_LAB   a command: `COMMAND build MODULE.nix` builds the closure of a system and prints its path
NSGUARD_NIXOS_IMAGE the file system tree that such a closure boots on
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from nsguard_harness.lab.cache import cached
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import nixos_client
from nsguard_harness.lab.image import Recipe, image
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
    """The closure of the system that a Nix expression of a module describes; paths in it must be absolute."""
    with tempfile.TemporaryDirectory() as directory:
        module = Path(directory, "module.nix")
        module.write_text(expression)
        return closure(module)


def with_programs(recipe: Recipe) -> Path:
    """A copy of the tree that closures boot on, with the programs of a Debian image added."""
    below, above = Path(os.environ["NSGUARD_NIXOS_IMAGE"]), image(recipe)
    made_of = hashlib.sha256(f"{below} {below.stat().st_mtime_ns} {above}".encode()).hexdigest()[:16]

    def build(tree: Path) -> None:
        subprocess.run(["cp", "-a", "--reflink=auto", below, tree], check=True)
        for part in ("usr", "etc/alternatives"):
            subprocess.run(["cp", "-a", "--reflink=auto", f"{above}/{part}/.", tree / part], check=True)

    return cached(f"nixos-{made_of}", build, "a tree for NixOS with Debian's programs: once, a few seconds")


@contextmanager
def booted(system: Path, kind: type[ContainerLab] = ContainerLab, tree: Path | None = None) -> Iterator[ContainerLab]:
    """A lab of this kind whose client is the system. tree: what it boots on; default: NSGUARD_NIXOS_IMAGE."""
    with kind(client=nixos_client(system, tree or Path(os.environ["NSGUARD_NIXOS_IMAGE"]))) as lab:
        yield lab


@contextmanager
def connected(system: Path) -> Iterator[ContainerLab]:
    """A container lab whose client is the system, once its tunnel works."""
    with booted(system) as lab:
        wait_for_tunnel(lab)
        yield lab
